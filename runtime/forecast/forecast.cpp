#include "runtime/forecast/forecast.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/registry.h"
#include "nodes/gate.h"
#include "nodes/generate.h"
#include "nodes/unasked_models.h"
#include "runtime/report/numbers.h"
#include "statistics/bootstrap.h"

namespace slm::runtime {
namespace {

using Amounts = std::array<double, kMeasures.size()>;

/// Calls of models at one visit to a node.
double calls_of(const NodeSpec& node) {
  return 1 + samples_taken_by(node).value_or(0);
}

class Forecaster {
 public:
  Forecaster(const PipelineSpec& spec, const Sample& sample,
             const std::vector<std::optional<Outcome>>& outcomes, const ForecastOptions& options)
      : spec_{spec},
        outcomes_{outcomes},
        options_{options},
        sampled_{sample.lines.size() + sample.unread},
        total_{static_cast<double>(sample.total)},
        length_{learnt_length()} {}

  bool is_asked(const ModelSpec& model) const { return options_.asks_remote || !model.type->is_remote; }
  /// In tokens, of an answer of models that were asked; empty where none wrote any.
  std::optional<double> length() const { return length_; }

  /// Of one model, or of all where it is null.
  Forecast::Totals totals(const ModelSpec* only) const {
    std::vector<Amounts> lines(sampled_, Amounts{});  // those that could not be read take nothing
    for (std::size_t i = 0; i < outcomes_.size(); ++i)
      if (outcomes_[i]) lines[i] = amounts(*outcomes_[i], only);
    Forecast::Totals totals;
    for (std::size_t measure = 0; measure < totals.size(); ++measure) {
      std::vector<double> values;
      values.reserve(lines.size());
      for (const Amounts& line : lines) values.push_back(line[measure]);
      totals[measure] = total(values, kMeasures[measure]);
    }
    return totals;
  }

 private:
  const ModelSpec* model_of(const NodeSpec& node) const {
    return node.models.empty() ? nullptr : spec_.model(node.models.front());
  }

  std::optional<double> learnt_length() const {
    double calls = 0;
    double tokens = 0;
    for (const auto& outcome : outcomes_) {
      for (const Hop& hop : outcome ? outcome->trace : std::vector<Hop>{}) {
        const NodeSpec* node = spec_.node(hop.node);
        const ModelSpec* model = node == nullptr ? nullptr : model_of(*node);
        if (model == nullptr || !is_asked(*model) || hop.generated_tokens == 0) continue;
        calls += calls_of(*node);
        tokens += hop.generated_tokens;
      }
    }
    return calls > 0 ? std::optional{tokens / calls} : std::nullopt;
  }

  Amounts amounts(const Outcome& outcome, const ModelSpec* only) const {
    Amounts sum{};
    const auto add = [&](Measure measure, double amount) {
      sum[static_cast<std::size_t>(measure)] += amount;
    };
    for (const Hop& hop : outcome.trace) {
      const NodeSpec* node = spec_.node(hop.node);
      const ModelSpec* model = node == nullptr ? nullptr : model_of(*node);
      if (model == nullptr || (only != nullptr && model != only)) continue;
      // One that was not asked counts as if it wrote all that it may.
      double written = hop.generated_tokens;
      if (!is_asked(*model) && length_) written = std::min(written, *length_ * calls_of(*node));
      const double price = model->rates.price ? model->rates.price->output / 1e6 : 0;
      add(Measure::calls, calls_of(*node));
      add(Measure::prompt_tokens, hop.prompt_tokens);
      add(Measure::generated_tokens, written);
      add(Measure::cost, hop.cost + price * (written - hop.generated_tokens));
      add(Measure::energy_j, hop.energy_j);
      add(Measure::latency_ms, std::chrono::duration<double, std::milli>(hop.left - hop.entered).count());
    }
    return sum;
  }

  Estimate total(const std::vector<double>& values, Measure measure) const {
    double sum = 0;
    for (const double value : values) sum += value;
    const double mean = sum / static_cast<double>(values.size());
    statistics::Interval interval{mean, mean};
    // That no line of the sample did something does not say that none will; amounts, though, are no rates.
    const bool is_constant =
        std::ranges::all_of(values, [&](double value) { return value == values.front(); });
    if (!is_constant || measure == Measure::calls)
      interval =
          statistics::bootstrap_mean(values, {.confidence = options_.confidence, .seed = options_.seed});
    const double unseen = std::sqrt(1 - static_cast<double>(values.size()) / total_);
    const auto widened = [&](double end) { return total_ * (mean + (end - mean) * unseen); };
    return {total_ * mean, {widened(interval.low), widened(interval.high)}};
  }

  const PipelineSpec& spec_;
  const std::vector<std::optional<Outcome>>& outcomes_;
  const ForecastOptions& options_;
  const std::size_t sampled_;
  const double total_;
  const std::optional<double> length_;
};

/// By the rate of the sample, spread as the time that its lines took.
std::optional<Estimate> seconds_of(const Forecast::Tier& all, std::chrono::nanoseconds sample_time,
                                   double sampled_share) {
  const Estimate& time = all[Measure::latency_ms];
  if (time.value == 0) return std::nullopt;
  const double seconds = std::chrono::duration<double>(sample_time).count() / sampled_share;
  const double scale = seconds / time.value;
  return Estimate{seconds, {time.interval.low * scale, time.interval.high * scale}};
}

std::vector<std::string> assumptions_of(const PipelineSpec& spec, const Forecaster& forecaster) {
  std::vector<std::string> assumptions;
  const std::string length =
      forecaster.length() ? "as long as those of the others, " + brief(*forecaster.length()) + " tokens"
                          : "as long as they may be";
  for (const ModelSpec& model : spec.models) {
    if (forecaster.is_asked(model) || !spec.asks(model.name)) continue;
    auto& text = assumptions.emplace_back(model.name);
    text.append(" was not asked, which may cost: a token is taken for ")
        .append(std::to_string(kBytesPerToken))
        .append(" bytes of prompt, its answers for ")
        .append(length)
        .append(", and as if they settled nothing. Its time is not known");
    const auto& price = model.rates.price;
    if (!price) text.append(", nor its cost, without a `price`");
    if (price && price->hour > 0) text.append(", nor what it costs by the hour");
  }
  for (const NodeSpec& node : spec.nodes)
    if (const GateOptions* gate = gate_options(node); gate != nullptr && gate->audit)
      assumptions.push_back(node.name + " has some of what it lets through audited, which is not counted");
  return assumptions;
}

}  // namespace

Forecast forecast(const PipelineSpec& spec, const Sample& sample,
                  const std::vector<std::optional<Outcome>>& outcomes, std::chrono::nanoseconds sample_time,
                  const ForecastOptions& options) {
  Forecast result{.pipeline = spec.name,
                  .requests = sample.total,
                  .sampled = sample.lines.size() + sample.unread,
                  .sample_time = sample_time};
  if (result.sampled == 0) return result;
  const Forecaster forecaster{spec, sample, outcomes, options};
  for (const ModelSpec& model : spec.models)
    if (spec.asks(model.name))
      result.tiers.push_back({model.name, forecaster.is_asked(model), forecaster.totals(&model)});
  result.all = {"all", true, forecaster.totals(nullptr)};
  result.seconds = seconds_of(result.all, sample_time,
                              static_cast<double>(result.sampled) / static_cast<double>(result.requests));
  result.assumptions = assumptions_of(spec, forecaster);
  std::map<std::string, std::size_t> reasons;
  for (const auto& outcome : outcomes) {
    if (!outcome || (outcome->kind != OutcomeKind::failed && outcome->kind != OutcomeKind::expired)) continue;
    ++result.failed;
    ++reasons[outcome->reason];
  }
  if (!reasons.empty())
    result.reason =
        std::ranges::max_element(reasons, {}, [](const auto& each) { return each.second; })->first;
  return result;
}

}  // namespace slm::runtime
