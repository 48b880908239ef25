#include "runtime/evaluate/evaluation_tables.h"

#include <algorithm>

#include "runtime/evaluate/measure_text.h"
#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Align = Table::Align;

std::string estimate_text(Measure measure, const Estimate& estimate) {
  return measure_text(measure, estimate.value) + "  (" + measure_text(measure, estimate.interval.low) +
         " to " + measure_text(measure, estimate.interval.high) + ")";
}

std::string rate_text(std::optional<double> rate) {
  return rate ? percent(*rate) : "–";
}

}  // namespace

std::string share_text(const Share& share) {
  if (share.whole == 0) return "–";
  return percent(share.part, share.whole) + "  (" + percent(share.interval.low) + " to " +
         percent(share.interval.high) + ")";
}

Table endings_table(const std::string& title, const std::vector<Ended>& all, bool shows_empty) {
  Table table{{{title}, {"lines", Align::right}, {"share"}, {"accuracy"}}};
  for (const Ended& ended : all)
    if (shows_empty || ended.share.part > 0)
      table.add({ended.how, grouped(ended.share.part), share_text(ended.share), share_text(ended.accuracy)});
  return table;
}

Table amounts_table(const Evaluation& evaluation) {
  Table table{{{"a line"}, {"mean"}}};
  for (const Measure measure : kMeasures) {
    const auto& mean = evaluation.means[static_cast<std::size_t>(measure)];
    if (mean && mean->value > 0) table.add({name_of(measure), estimate_text(measure, *mean)});
  }
  const auto& latency = evaluation.means[static_cast<std::size_t>(Measure::latency_ms)];
  for (std::size_t i = 0; latency && latency->value > 0 && i < kLatencyQuantiles.size(); ++i)
    table.add({std::string{"  "}.append(kLatencyQuantiles[i].name),
               estimate_text(Measure::latency_ms, evaluation.latency_ms[i])});
  return table;
}

Table labels_table(const Evaluation& evaluation, const Judging& judging, std::size_t most) {
  Table table{{{judging.member.empty() ? "label" : judging.member},
               {"lines", Align::right},
               {"precision", Align::right},
               {"recall", Align::right},
               {"F1", Align::right}}};
  for (std::size_t i = 0; i < std::min(most, evaluation.labels.size()); ++i) {
    const LabelFigures& label = evaluation.labels[i];
    table.add({label.label, grouped(label.expected), rate_text(label.precision()), rate_text(label.recall()),
               rate_text(label.f1())});
  }
  return table;
}

}  // namespace slm::runtime
