#include "runtime/tune/tune_report.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

std::string bar_text(double bar) {
  return std::isfinite(bar) ? Json(bar).dump() : "–";
}

std::string name_of(const Target& target) {
  return target.is_rate() ? target.name() : "above the bound";
}

std::string quality(const Standing& standing) {
  if (standing.measured.counted == 0) return "–";
  return brief(standing.measured.mean()) + " (" + brief(standing.interval.low) + " to " +
         brief(standing.interval.high) + ")";
}

Json json_of(const Standing& standing, const TuneSubject& subject) {
  Json json{{"target", standing.measured.mean()},
            {"low", standing.interval.low},
            {"high", standing.interval.high},
            {"counted", standing.measured.counted},
            {"spend", standing.measured.spend}};
  for (std::size_t gate = 0; gate < subject.gates.size(); ++gate) {
    Json& bars = json["bars"][subject.gates[gate].name];
    const auto put = [&](const char* rule, bool is_there, double bar) {
      if (is_there) bars[rule] = std::isfinite(bar) ? Json(bar) : Json(nullptr);
    };
    put("reject", subject.gates[gate].has_reject, standing.bars[gate].reject);
    put("accept", subject.gates[gate].has_accept, standing.bars[gate].accept);
  }
  for (std::size_t model = 0; model < subject.models.size(); ++model)
    json["tiers"][subject.models[model]] = {{"lines", standing.by_tier[model]},
                                            {"right", standing.right[model]}};
  return json;
}

}  // namespace

std::string unit_of(Spend spend) {
  switch (spend) {
    case Spend::cost:
      return "cost a line";
    case Spend::calls:
      return "calls a line";
    case Spend::tokens:
      return "tokens a line";
    case Spend::energy:
      return "joules a line";
    case Spend::time:
      return "seconds a line";
  }
  return "";
}

std::string note_text(const TuneSubject& subject, const TuneOptions& options) {
  std::string text;
  if (options.budget)
    text = "best " + options.target.text() + " within " + brief(options.budget->most) + " " +
           unit_of(options.budget->spend);
  else
    text = options.target.text();
  if (options.confidence) text += " with confidence " + brief(*options.confidence);
  return text + ", on " + subject.data;
}

Table bars_table(const TuneSubject& subject, const TuneResult& result) {
  Table table{{{"gate"}, {"rule"}, {"was", Align::right}, {"now", Align::right}}};
  for (std::size_t gate = 0; gate < subject.gates.size(); ++gate) {
    const TunableGate& of = subject.gates[gate];
    if (of.has_reject)
      table.add({of.name, "reject", bar_text(of.bars.reject), bar_text(result.now.bars[gate].reject)});
    if (of.has_accept)
      table.add({of.name, "accept", bar_text(of.bars.accept), bar_text(result.now.bars[gate].accept)});
  }
  return table;
}

Table standings_table(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result) {
  std::vector<Table::Column> columns{
      {""}, {name_of(options.target), Align::right}, {unit_of(options.spend), Align::right}};
  const bool is_relative = options.target.kind == Target::Kind::relative;
  if (is_relative) columns.push_back({"accuracy", Align::right});
  for (const std::string& model : subject.models) columns.push_back({model, Align::right});
  Table table{std::move(columns)};
  const std::size_t lines = result.certified > 0 ? result.certified : result.lines;
  const auto add = [&](const char* name, const Standing& standing) {
    std::vector<std::string> cells{name, quality(standing), brief(standing.measured.spend)};
    if (is_relative)
      cells.push_back(
          percent(std::accumulate(standing.right.begin(), standing.right.end(), std::size_t{0}), lines));
    for (const std::size_t count : standing.by_tier) cells.push_back(percent(count, lines));
    table.add(std::move(cells));
  };
  add("as it was", result.before);
  if (result.is_reached) add("tuned", result.now);
  add("all escalated", result.top);
  return table;
}

std::string basis_text(const TuneResult& result) {
  if (result.certified == 0)
    return "figures are of the lines that the bars were chosen by; --confidence certifies them for others";
  if (result.searched == 0) return "figures are of the lines on which the target was tested";
  return "searched with " + counted(result.searched, "line") + "; figures are of the other " +
         grouped(result.certified) + ", on which the target was tested";
}

std::string to_text(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result) {
  std::string text = subject.pipeline + ": " + note_text(subject, options) + "\n";
  if (!result.is_reached) {
    text += "  not reached: " + result.why_not + "\n\n";
  } else {
    text.append("\n").append(bars_table(subject, result).to_string(2)).append("\n");
  }
  text += standings_table(subject, options, result).to_string(2);
  return text + "\n  " + basis_text(result);
}

std::string to_json(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result) {
  Json json{{"pipeline", subject.pipeline}, {"asked", note_text(subject, options)},
            {"reached", result.is_reached}, {"lines", result.lines},
            {"searched", result.searched},  {"certified", result.certified}};
  if (!result.is_reached) json["why_not"] = result.why_not;
  json["before"] = json_of(result.before, subject);
  if (result.is_reached) json["now"] = json_of(result.now, subject);
  json["all_escalated"] = json_of(result.top, subject);
  for (const Measured& point : result.frontier)
    json["frontier"].push_back({{"spend", point.spend}, {"target", point.mean()}});
  return json.dump();
}

}  // namespace slm::runtime
