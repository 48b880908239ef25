#include <cmath>
#include <iostream>

#include "runtime/report/html/html_report.h"

/// Prints a report with every kind of chart, whose texts would do harm if they were not escaped.
namespace slm::runtime {
namespace {

constexpr const char* kHostile =
    "</script><script>harmed = true</script><img src=x onerror='harmed = true'>\"<!--";

/// Answers that are right less often than their confidence says.
std::vector<statistics::ScoredAnswer> answers(double overconfidence) {
  std::vector<statistics::ScoredAnswer> answers;
  for (int i = 0; i < 2000; ++i) {
    const double confidence = 1 - std::pow(i / 2000.0, 2) * 0.7;
    answers.push_back({confidence, (i * 7919) % 2000 < 2000 * std::pow(confidence, overconfidence)});
  }
  return answers;
}

HtmlReport sample() {
  HtmlReport report{.title = kHostile,
                    .summary = {kHostile, "caf\xc3\xa9, and a byte that is not UTF-8: \xff."}};
  Table table{{{""}, {kHostile, Table::Align::right}}};
  table.add({kHostile, "1"});
  report.add(TitledTable{kHostile, table});
  FrontierChart frontier{
      .title = "Frontier", .spend = "cost a line", .quality = kHostile, .most_spend = 0.004};
  for (int i = 0; i < 5000; ++i)
    frontier.curve.push_back({0.005 - i * 8e-7, 0.95 - std::pow(i / 5000.0, 3) * 0.3});
  frontier.marks = {{.kind = FrontierChart::Mark::Kind::chosen, .name = kHostile, .at = {0.004, 0.91}}};
  report.add(frontier);
  const auto before = answers(3);
  const auto after = answers(1);
  report.add(ReliabilityChart{
      .title = "Reliability",
      .series = {{"as it was", statistics::reliability_bins(before)},
                 {"calibrated", statistics::reliability_bins(after, statistics::Binning::equal_width)}},
      .note = "The larger a point, the more answers."});
  const auto curve = statistics::risk_coverage_curve(before);
  report.add(RiskCoverageChart{
      .title = "Risk and coverage",
      .curves = {{"draft_gate", curve}, {"expert_gate", statistics::risk_coverage_curve(after)}},
      .chosen = curve[900]});
  report.add(
      SharesChart{.title = "Shares",
                  .parts = {"nano", "small", "medium", "large", "human"},
                  .rows = {{"as it was", {0.2, 0.3, 0.25, 0.2, 0.05}}, {kHostile, {0.01, 0, 0, 0, 0.5}}}});
  report.add(FrontierChart{.title = "Nothing", .spend = "calls a line", .quality = "accuracy"});
  return report;
}

}  // namespace
}  // namespace slm::runtime

int main() {
  std::cout << slm::runtime::sample().html();
}
