#include "runtime/evaluate/evaluation_html.h"

#include <algorithm>

#include "runtime/evaluate/comparison_report.h"
#include "runtime/evaluate/evaluation_tables.h"
#include "runtime/evaluate/measure_text.h"
#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

std::vector<const Evaluated*> subjects(const EvaluationReport& report) {
  std::vector<const Evaluated*> all{&report.first};
  if (report.second) all.push_back(&*report.second);
  return all;
}

const std::optional<Estimate>& mean_of(const Evaluated& subject, Measure measure) {
  return subject.evaluation.means[static_cast<std::size_t>(measure)];
}

/// Money where there is some, else what else tells pipelines apart; empty where no subject knows any.
std::optional<Measure> spend_of(const EvaluationReport& report) {
  for (const Measure measure : {Measure::cost, Measure::calls, Measure::latency_ms}) {
    const auto has = [&](const Evaluated* one) {
      const auto& mean = mean_of(*one, measure);
      return mean && mean->value > 0;
    };
    if (std::ranges::all_of(subjects(report), has)) return measure;
  }
  return std::nullopt;
}

void add_frontier(HtmlReport& html, const EvaluationReport& report) {
  const auto spend = spend_of(report);
  if (!spend) return;
  using Kind = FrontierChart::Mark::Kind;
  FrontierChart chart{
      .title = "Accuracy and what it takes", .spend = name_of(*spend) + " a line", .quality = "accuracy"};
  for (const Evaluated* one : subjects(report)) {
    const Share& accuracy = one->evaluation.accuracy;
    if (!accuracy.rate()) continue;
    chart.marks.push_back({.kind = chart.marks.empty() ? Kind::chosen : Kind::before,
                           .name = one->name,
                           .at = {mean_of(*one, *spend)->value, *accuracy.rate()},
                           .interval = accuracy.interval});
  }
  chart.note = "Upright lines are intervals with confidence " + brief(report.options.confidence) + ".";
  if (!chart.marks.empty()) html.add(std::move(chart));
}

void add_confidences(HtmlReport& html, const EvaluationReport& report) {
  ReliabilityChart reliability{.title = "How often confidences of the last gate are right"};
  RiskCoverageChart risk{.title = "What would be risked by accepting so many of the surest answers"};
  for (const Evaluated* one : subjects(report)) {
    const auto& answers = one->evaluation.confidences;
    if (answers.empty()) continue;
    reliability.series.push_back({one->name, statistics::reliability_bins(answers)});
    risk.curves.push_back({one->name, statistics::risk_coverage_curve(answers)});
  }
  if (risk.curves.empty()) return;
  html.add(std::move(reliability));
  html.add(std::move(risk));
}

/// A part a tier that ends lines of any subject, in the order in which they come.
void add_shares(HtmlReport& html, const EvaluationReport& report) {
  SharesChart chart{.title = "Which model ends how many lines"};
  for (const Evaluated* one : subjects(report))
    for (const Ended& tier : one->evaluation.tiers)
      if (std::ranges::count(chart.parts, tier.how) == 0) chart.parts.push_back(tier.how);
  for (const Evaluated* one : subjects(report)) {
    SharesChart::Row row{.name = one->name, .shares = std::vector<double>(chart.parts.size())};
    for (const Ended& tier : one->evaluation.tiers)
      row.shares[static_cast<std::size_t>(std::ranges::find(chart.parts, tier.how) - chart.parts.begin())] =
          tier.share.rate().value_or(0);
    chart.rows.push_back(std::move(row));
  }
  if (!chart.parts.empty()) html.add(std::move(chart));
}

void add_tables(HtmlReport& html, const Evaluated& subject, const EvaluationReport& report) {
  const Evaluation& evaluation = subject.evaluation;
  const auto add = [&](const std::string& what, const Table& table) {
    if (!table.empty()) html.add(TitledTable{what + " of " + subject.name, table});
  };
  add("Outcomes", endings_table("outcome", evaluation.kinds, false));
  add("Tiers", endings_table("tier", evaluation.tiers, true));
  add("What a line takes", amounts_table(evaluation));
  add("Labels", labels_table(evaluation, report.options.judging, evaluation.labels.size()));
}

}  // namespace

HtmlReport html_report(const EvaluationReport& report) {
  HtmlReport html{.title = "Evaluation of " + report.first.name};
  if (report.second) html.title += " and " + report.second->name;
  html.summary.push_back("On " + report.data + "; intervals hold with confidence " +
                         brief(report.options.confidence) + ".");
  if (report.is_interrupted) html.summary.push_back("Interrupted: figures are of the lines that were done.");
  for (const Evaluated* one : subjects(report)) {
    const Share& accuracy = one->evaluation.accuracy;
    html.summary.push_back(one->name + ": " + share_text(accuracy) + ", " + grouped(accuracy.part) + " of " +
                           grouped(accuracy.whole) + " right.");
  }
  if (report.comparison && report.comparison->both > 0) {
    const std::string& second = report.second->name;
    for (const std::string& one : comparison_verdicts(*report.comparison, report.first.name, second))
      html.summary.push_back(one + ".");
    html.add(TitledTable{"Side by side", comparison_table(*report.comparison, report.first.name, second)});
  }
  add_frontier(html, report);
  add_shares(html, report);
  add_confidences(html, report);
  for (const Evaluated* one : subjects(report)) add_tables(html, *one, report);
  return html;
}

}  // namespace slm::runtime
