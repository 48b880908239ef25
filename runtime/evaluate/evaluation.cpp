#include "runtime/evaluate/evaluation.h"

#include <algorithm>
#include <map>

#include "runtime/report/summary.h"
#include "statistics/binomial.h"
#include "statistics/bootstrap.h"
#include "statistics/scoring.h"

namespace slm::runtime {
namespace {

using Lines = std::vector<const JudgedLine*>;

Share share_of(std::size_t part, std::size_t whole, double confidence) {
  return {part, whole, statistics::binomial::interval(part, whole, confidence)};
}

Share accuracy_of(const Lines& lines, double confidence) {
  const auto count = [&](std::optional<bool> right) {
    return static_cast<std::size_t>(std::ranges::count(lines, right, &JudgedLine::is_right));
  };
  return share_of(count(true), lines.size() - count(std::nullopt), confidence);
}

template <class Is>
Ended ended(std::string how, const Lines& lines, double confidence, const Is& is) {
  Lines those;
  std::ranges::copy_if(lines, std::back_inserter(those), [&](const JudgedLine* line) { return is(*line); });
  return {std::move(how), share_of(those.size(), lines.size(), confidence), accuracy_of(those, confidence)};
}

std::vector<Ended> by_kind(const Lines& lines, double confidence) {
  std::vector<Ended> kinds;
  kinds.reserve(kOutcomeKinds.size());
  for (const OutcomeKind kind : kOutcomeKinds)
    kinds.push_back(ended(std::string{to_string(kind)}, lines, confidence,
                          [&](const JudgedLine& line) { return line.kind == kind; }));
  return kinds;
}

std::vector<Ended> by_tier(const Lines& lines, std::vector<std::string> names, double confidence) {
  for (const JudgedLine* line : lines)
    if (!line->tier.empty() && std::ranges::count(names, line->tier) == 0) names.push_back(line->tier);
  std::vector<Ended> tiers;
  tiers.reserve(names.size());
  for (const std::string& name : names)
    tiers.push_back(
        ended(name, lines, confidence, [&](const JudgedLine& line) { return line.tier == name; }));
  return tiers;
}

/// None where nothing said any: a pipeline without a classifier gives no labels.
std::vector<LabelFigures> by_label(const Lines& lines) {
  std::map<std::string, LabelFigures> found;
  bool is_any_said = false;
  for (const JudgedLine* line : lines) {
    if (!line->classes) continue;
    const auto& [expected, said] = *line->classes;
    ++found[expected].expected;
    if (said.empty()) continue;
    is_any_said = true;
    ++found[said].said;
    if (said == expected) ++found[said].both;
  }
  std::vector<LabelFigures> labels;
  if (!is_any_said) return labels;
  for (auto& [label, figures] : found) {
    figures.label = label;
    labels.push_back(std::move(figures));
  }
  std::ranges::stable_sort(labels, std::ranges::greater{}, &LabelFigures::expected);
  return labels;
}

std::optional<double> macro_f1_of(const std::vector<LabelFigures>& labels) {
  double sum = 0;
  std::size_t expected = 0;
  for (const LabelFigures& label : labels) {
    if (label.expected == 0) continue;
    sum += label.f1();
    ++expected;
  }
  if (expected == 0) return std::nullopt;
  return sum / static_cast<double>(expected);
}

/// Empty where it is not known of every line.
std::vector<double> values_of(const Lines& lines, Measure measure) {
  std::vector<double> values;
  for (const JudgedLine* line : lines) {
    const auto value = (*line)[measure];
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

std::optional<Estimate> mean_of(const std::vector<double>& values, const EvaluateOptions& options) {
  if (values.empty()) return std::nullopt;
  const double first = values.front();
  // A rate where all are 0 or 1 is wider than a point, but these are amounts.
  if (std::ranges::all_of(values, [&](double value) { return value == first; }))
    return Estimate{first, {first, first}};
  double sum = 0;
  for (const double value : values) sum += value;
  const statistics::BootstrapOptions bootstrap{
      .confidence = options.confidence, .resamples = options.resamples, .seed = options.seed};
  return Estimate{sum / static_cast<double>(values.size()), statistics::bootstrap_mean(values, bootstrap)};
}

/// None where a confidence is no probability, as gates that read log-probabilities give.
std::vector<statistics::ScoredAnswer> confidences_of(const Lines& lines) {
  std::vector<statistics::ScoredAnswer> answers;
  for (const JudgedLine* line : lines) {
    const bool is_answer = line->kind == OutcomeKind::answered || line->kind == OutcomeKind::rejected;
    if (!is_answer || !line->is_right || !line->confidence) continue;
    if (*line->confidence < 0 || *line->confidence > 1) return {};
    answers.push_back({*line->confidence, *line->is_right});
  }
  return answers;
}

std::vector<std::pair<std::string, std::size_t>> reasons_of(const Lines& lines) {
  std::map<std::string, std::size_t> counts;
  for (const JudgedLine* line : lines)
    if (line->kind == OutcomeKind::failed || line->kind == OutcomeKind::expired) ++counts[line->reason];
  std::vector<std::pair<std::string, std::size_t>> reasons{counts.begin(), counts.end()};
  std::ranges::stable_sort(reasons, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
  return reasons;
}

}  // namespace

std::optional<double> LabelFigures::precision() const {
  return Share{.part = both, .whole = said}.rate();
}

std::optional<double> LabelFigures::recall() const {
  return Share{.part = both, .whole = expected}.rate();
}

double LabelFigures::f1() const {
  return static_cast<double>(2 * both) / static_cast<double>(std::max<std::size_t>(1, expected + said));
}

Evaluation evaluate(const JudgedLines& lines, const std::vector<std::string>& models,
                    const EvaluateOptions& options) {
  Lines ran;
  for (const auto& line : lines)
    if (line) ran.push_back(&*line);

  Evaluation result{.lines = ran.size(),
                    .accuracy = accuracy_of(ran, options.confidence),
                    .kinds = by_kind(ran, options.confidence),
                    .tiers = by_tier(ran, models, options.confidence),
                    .labels = by_label(ran),
                    .reasons = reasons_of(ran)};
  result.macro_f1 = macro_f1_of(result.labels);
  for (const Measure measure : kMeasures)
    result.means[static_cast<std::size_t>(measure)] = mean_of(values_of(ran, measure), options);
  std::vector<double> latencies = values_of(ran, Measure::latency_ms);
  std::ranges::sort(latencies);
  for (std::size_t i = 0; i < kLatencyQuantiles.size() && !latencies.empty(); ++i) {
    const double share = kLatencyQuantiles[i].share;
    result.latency_ms[i] = {statistics::quantile(latencies, share),
                            statistics::bootstrap_quantile(latencies, share, options.confidence)};
  }
  result.confidences = confidences_of(ran);
  if (!result.confidences.empty())
    result.calibration_error =
        statistics::calibration_error(statistics::reliability_bins(result.confidences));
  return result;
}

}  // namespace slm::runtime
