#include "runtime/calibrate/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "nodes/calibration_binding.h"
#include "nodes/gate.h"
#include "nodes/upstream_evidence.h"

namespace slm::runtime {
namespace {

bool is_probability(SignalKind kind) {
  return kind == SignalKind::max_prob || kind == SignalKind::min_token_prob ||
         kind == SignalKind::self_consistency;
}

/// Those that `fit_calibration` does not take up by itself, which an author who named one wants to be used.
bool must_be_named(SignalKind kind) {
  return kind == SignalKind::agreement || kind == SignalKind::self_consistency;
}

std::vector<CalibrationExample> examples_of(const std::vector<Trial>& trials, std::size_t number,
                                            std::size_t& not_reached) {
  std::vector<CalibrationExample> examples;
  for (const Trial& trial : trials) {
    std::set<std::string> tiers;
    for (const Visit& visit : trial.visits)
      if (visit.gate == number && visit.is_right && tiers.insert(visit.answer.tier).second)
        examples.push_back({visit.answer.evidence, *visit.is_right});
    if (tiers.empty()) ++not_reached;
  }
  return examples;
}

/// Throws CalibrationError where a message can come with evidence that the calibration cannot read.
void check_readable(const Calibration& calibration, const PipelineSpec& pipeline, const NodeSpec& gate) {
  for (const NodeSpec* source : evidence_sources(pipeline, gate).nodes) {
    const std::vector<SignalKind> given = source->type->gives(source->options.get(), pipeline);
    for (const Signal& signal : calibration.signals)
      if (std::ranges::find(given, signal.kind) == given.end())
        throw CalibrationError("most answers come with `" + to_string(signal) + "`, which node `" +
                               source->name + "` cannot give; let answers of one kind come to a gate");
  }
}

/// The bar that as many examples reach with the calibration as did with the signal, or more where some tie.
double moved(double bar, const std::vector<CalibrationExample>& examples, const Signal& signal,
             const Calibration& calibration) {
  std::vector<double> confidences;
  std::size_t reached = 0;
  for (const CalibrationExample& example : examples) {
    if (evaluate(signal, example.evidence).value_or(-std::numeric_limits<double>::infinity()) >= bar)
      ++reached;
    confidences.push_back(calibration.probability(example.evidence).value_or(0));
  }
  if (reached == 0) return 1;
  std::ranges::sort(confidences, std::greater{});
  return std::floor(confidences[reached - 1] * 1e4) / 1e4;
}

std::vector<MovedBar> moved_bars(const GateOptions& options, const GateCalibration& result,
                                 const std::vector<CalibrationExample>& examples) {
  const auto& signal = result.gate.signal;
  if (result.gate.names_file || !signal || highest_confidence({SignalOption{*signal}, {}}) == 1) return {};
  std::vector<MovedBar> bars;
  const auto move = [&](const char* rule, double bar) {
    bars.push_back({rule, bar, moved(bar, examples, *signal, result.fit->calibration)});
  };
  if (options.reject) move("reject", options.reject->at_least);
  if (options.accept) move("accept", options.accept->at_least);
  return bars;
}

}  // namespace

std::optional<double> ConfidenceQuality::calibration_error() const {
  if (!is_probability || answers.empty()) return std::nullopt;
  return statistics::calibration_error(statistics::reliability_bins(answers));
}

std::optional<double> ConfidenceQuality::brier_score() const {
  if (!is_probability || answers.empty()) return std::nullopt;
  return statistics::brier_score(answers);
}

std::optional<double> ConfidenceQuality::log_loss() const {
  if (!is_probability || answers.empty()) return std::nullopt;
  return statistics::log_loss(answers);
}

std::optional<double> ConfidenceQuality::area_under_roc() const {
  if (answers.empty()) return std::nullopt;
  return statistics::area_under_roc(answers);
}

GateCalibration calibrate_gate(const std::vector<Trial>& trials, std::size_t number,
                               const PipelineSpec& pipeline, const UncalibratedGate& gate,
                               const CalibrationOptions& options) {
  GateCalibration result{.gate = gate};
  const std::vector<CalibrationExample> examples = examples_of(trials, number, result.not_reached);
  result.examples = examples.size();
  const NodeSpec& node = *pipeline.node(gate.name);
  result.signal = gate_options(node)->confidence.signal->signal;
  result.before.is_probability = is_probability(result.signal.kind);
  for (const CalibrationExample& example : examples) {
    const std::optional<double> confidence = evaluate(result.signal, example.evidence);
    if (confidence && std::isfinite(*confidence))
      result.before.answers.push_back({*confidence, example.is_right});
  }
  try {
    CalibrationOptions own = options;
    if (gate.signal && must_be_named(gate.signal->kind)) own.signals = {*gate.signal};
    CalibrationFit fit = fit_calibration(examples, own);
    check_readable(fit.calibration, pipeline, node);
    fit.calibration.bound_to = calibration_bindings(pipeline, node);
    result.after.answers = fit.out_of_fold;
    result.fit = std::move(fit);
    result.bars = moved_bars(*gate_options(node), result, examples);
  } catch (const CalibrationError& error) {
    result.why_not = error.what();
  }
  return result;
}

}  // namespace slm::runtime
