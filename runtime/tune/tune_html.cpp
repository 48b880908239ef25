#include "runtime/tune/tune_html.h"

#include <cctype>

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Mark = FrontierChart::Mark;

struct NamedStanding {
  Mark::Kind kind;
  const char* name;
  const Standing& standing;
};

std::vector<NamedStanding> standings(const TuneResult& result) {
  std::vector<NamedStanding> named{{Mark::Kind::before, "as it was", result.before}};
  if (result.is_reached) named.push_back({Mark::Kind::chosen, "tuned", result.now});
  named.push_back({Mark::Kind::all_escalated, "all escalated", result.top});
  return named;
}

std::string quality_name(const Target& target) {
  if (target.is_rate()) return target.name();
  return "accuracy beyond the " + brief(target.value) + " of the top tier";
}

FrontierChart frontier(const TuneOptions& options, const TuneResult& result) {
  FrontierChart chart{.title = "Quality and spending",
                      .spend = unit_of(options.spend),
                      .quality = quality_name(options.target)};
  for (const Measured& point : result.frontier)
    if (point.counted > 0) chart.curve.push_back({point.spend, point.mean()});
  for (const auto& [kind, name, standing] : standings(result)) {
    if (standing.measured.counted == 0) continue;
    chart.marks.push_back({.kind = kind,
                           .name = name,
                           .at = {standing.measured.spend, standing.measured.mean()},
                           .interval = standing.interval});
  }
  chart.note = "The curve is of all " + counted(result.lines, "line");
  if (result.certified > 0 && result.searched > 0)
    chart.note += ", the marks of the " + grouped(result.certified) + " that the target was tested on";
  chart.note +=
      ". Upright lines are intervals with confidence " + brief(options.confidence.value_or(0.95)) + ".";
  if (options.budget)
    chart.most_spend = options.budget->most;
  else
    chart.wanted_quality = options.target.bound();
  return chart;
}

SharesChart shares(const TuneSubject& subject, const TuneResult& result) {
  SharesChart chart{.title = "Which model ends how many lines", .parts = subject.models};
  const std::size_t lines = result.certified > 0 ? result.certified : result.lines;
  for (const auto& [kind, name, standing] : standings(result)) {
    SharesChart::Row row{.name = name};
    for (const std::size_t count : standing.by_tier)
      row.shares.push_back(static_cast<double>(count) / static_cast<double>(lines));
    chart.rows.push_back(std::move(row));
  }
  return chart;
}

}  // namespace

HtmlReport html_report(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result) {
  HtmlReport report{.title = "Tuning of " + subject.pipeline, .summary = {note_text(subject, options) + "."}};
  report.summary.push_back(result.is_reached ? "Reached." : "Not reached: " + result.why_not + ".");
  std::string basis = basis_text(result);
  basis.front() = static_cast<char>(std::toupper(basis.front()));
  report.summary.push_back(basis + ".");
  report.add(TitledTable{"How it does", standings_table(subject, options, result)});
  report.add(frontier(options, result));
  report.add(shares(subject, result));
  if (result.is_reached) report.add(TitledTable{"The bars", bars_table(subject, result)});
  return report;
}

}  // namespace slm::runtime
