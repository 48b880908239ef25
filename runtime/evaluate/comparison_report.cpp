#include "runtime/evaluate/comparison_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/evaluate/measure_text.h"
#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

/// Percentage points, without a unit.
std::string points(double rate) {
  return brief(100 * rate);
}

template <class Text>
std::vector<std::string> row(const std::string& name, const Difference& of, const Text& text) {
  const statistics::PairedDifference& paired = of.paired;
  return {name, text(of.first), text(of.second),
          text(paired.mean) + "  (" + text(paired.interval.low) + " to " + text(paired.interval.high) + ")",
          paired.p_value < 0.001 ? "< 0.001" : brief(paired.p_value)};
}

struct Names {
  std::string first;
  std::string second;
};

/// `word` is what the better one is; `is_more` whether that has the greater number. Empty where the two are
/// the same on every line.
std::string verdict(const Difference& of, const Names& names, const std::string& word, bool is_more,
                    std::size_t lines) {
  if (of.is_shown) return ((of.paired.mean > 0) == is_more ? names.first : names.second) + " is " + word;
  if (of.paired.interval == statistics::Interval{}) return "";
  std::string unshown = "the lines do not show which is " + word;
  if (!of.lines_to_show) return unshown + ": they come out even";
  if (*of.lines_to_show <= lines) return unshown;
  return unshown + "; about " + counted(*of.lines_to_show - lines, "line") +
         " more would, if the two differ as much as here";
}

std::string only_one_text(const Comparison& comparison, const Names& names) {
  const auto tell = [](std::size_t count, const std::string& name) {
    return count == 0 ? "" : "  left out: " + counted(count, "line") + " that only " + name + " has\n";
  };
  return tell(comparison.only_first, names.first) + tell(comparison.only_second, names.second);
}

Json json_of(const Difference& of) {
  Json json{{"first", of.first},
            {"second", of.second},
            {"difference", of.paired.mean},
            {"low", of.paired.interval.low},
            {"high", of.paired.interval.high},
            {"p_value", of.paired.p_value},
            {"shown", of.is_shown},
            {"lines_to_show", nullptr}};
  if (of.lines_to_show) json["lines_to_show"] = *of.lines_to_show;
  return json;
}

}  // namespace

Table comparison_table(const Comparison& comparison, const std::string& first, const std::string& second) {
  Table table{{{"mean"}, {first, Align::right}, {second, Align::right}, {"difference"}, {"p", Align::right}}};
  if (comparison.accuracy) table.add(row("accuracy %", *comparison.accuracy, points));
  for (const Measure measure : kMeasures) {
    const auto& mean = comparison.means[static_cast<std::size_t>(measure)];
    if (!mean || (mean->first == 0 && mean->second == 0)) continue;
    table.add(row(name_of(measure), *mean, [&](double amount) { return measure_text(measure, amount); }));
  }
  return table;
}

std::vector<std::string> comparison_verdicts(const Comparison& comparison, const std::string& first,
                                             const std::string& second) {
  const Names names{first, second};
  std::vector<std::string> verdicts;
  if (comparison.accuracy) {
    verdicts.push_back("right: only " + first + " on " + grouped(comparison.right.only_first) +
                       " lines, only " + second + " on " + grouped(comparison.right.only_second));
    verdicts.push_back(verdict(*comparison.accuracy, names, "more accurate", true, comparison.judged));
  }
  const auto& cost = comparison.means[static_cast<std::size_t>(Measure::cost)];
  const auto& latency = comparison.means[static_cast<std::size_t>(Measure::latency_ms)];
  if (cost) verdicts.push_back(verdict(*cost, names, "cheaper", false, comparison.both));
  if (latency) verdicts.push_back(verdict(*latency, names, "faster", false, comparison.both));
  std::erase(verdicts, "");
  return verdicts;
}

std::string comparison_text(const Comparison& comparison, const std::string& first,
                            const std::string& second) {
  std::string text = first + " and " + second + " on " + counted(comparison.both, "line") + " of both\n";
  text += only_one_text(comparison, {first, second});
  if (comparison.both == 0) return text;
  text.append("\n").append(comparison_table(comparison, first, second).to_string(2)).append("\n");
  for (const std::string& one : comparison_verdicts(comparison, first, second))
    text.append("  ").append(one).append("\n");
  return text;
}

nlohmann::ordered_json comparison_json(const Comparison& comparison) {
  Json json{{"lines", comparison.both},
            {"only_first", comparison.only_first},
            {"only_second", comparison.only_second},
            {"judged", comparison.judged},
            {"only_first_right", comparison.right.only_first},
            {"only_second_right", comparison.right.only_second},
            {"accuracy", nullptr}};
  if (comparison.accuracy) json["accuracy"] = json_of(*comparison.accuracy);
  for (const Measure measure : kMeasures) {
    const auto& mean = comparison.means[static_cast<std::size_t>(measure)];
    json[key_of(measure)] = mean ? json_of(*mean) : Json(nullptr);
  }
  return json;
}

}  // namespace slm::runtime
