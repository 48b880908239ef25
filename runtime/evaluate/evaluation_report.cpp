#include "runtime/evaluate/evaluation_report.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "runtime/evaluate/comparison_report.h"
#include "runtime/evaluate/evaluation_tables.h"
#include "runtime/evaluate/measure_text.h"
#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using statistics::Interval;

constexpr std::size_t kMostLabels = 15;  // in the text
constexpr std::size_t kMostReasons = 3;

/// A table with an empty line after it.
std::string block(const Table& table) {
  return table.empty() ? "" : table.to_string(2) + "\n";
}

std::string labels_text(const Evaluation& evaluation, const Judging& judging) {
  if (evaluation.labels.empty()) return "";
  std::string text = labels_table(evaluation, judging, kMostLabels).to_string(2);
  if (evaluation.labels.size() > kMostLabels)
    text += "  and " + grouped(evaluation.labels.size() - kMostLabels) + " more, which --json has\n";
  if (evaluation.macro_f1) text += "  macro-F1 " + percent(*evaluation.macro_f1) + "\n";
  return text + "\n";
}

std::string reasons_text(const Evaluation& evaluation) {
  std::string text;
  const std::size_t shown = std::min(kMostReasons, evaluation.reasons.size());
  for (std::size_t i = 0; i < shown; ++i)
    text += "  failed or expired: " + evaluation.reasons[i].first + " (" +
            counted(evaluation.reasons[i].second, "line") + ")\n";
  if (evaluation.reasons.size() > shown)
    text += "  and for " + counted(evaluation.reasons.size() - shown, "other reason") + "\n";
  return text;
}

/// What was left out of the figures, a line each.
std::string left_out_text(const Evaluated& evaluated) {
  const std::size_t unjudged = evaluated.evaluation.lines - evaluated.evaluation.accuracy.whole;
  std::string text;
  if (unjudged > 0) text += "  not judged: " + counted(unjudged, "line") + " that do not say what is right\n";
  if (evaluated.missing > 0) text += "  no outcome of " + counted(evaluated.missing, "line") + "\n";
  if (evaluated.repeated > 0)
    text += "  left out: " + counted(evaluated.repeated, "outcome") + " whose id is there more than once\n";
  if (evaluated.unknown > 0)
    text += "  left out: " + counted(evaluated.unknown, "outcome") + " whose id no line has\n";
  return text;
}

std::string evaluated_text(const Evaluated& evaluated, const EvaluationReport& report) {
  const Evaluation& evaluation = evaluated.evaluation;
  const std::string& member = report.options.judging.member;
  std::string text = evaluated.name + ": " + report.data + "\n";
  text += "  accuracy" + (member.empty() ? "" : " of " + member) + "  " + share_text(evaluation.accuracy) +
          ": " + grouped(evaluation.accuracy.part) + " of " + grouped(evaluation.accuracy.whole) + " right\n";
  text += left_out_text(evaluated) + reasons_text(evaluation) + "\n";
  text += block(endings_table("outcome", evaluation.kinds, false)) +
          block(endings_table("tier", evaluation.tiers, true)) + block(amounts_table(evaluation)) +
          labels_text(evaluation, report.options.judging);
  if (evaluation.calibration_error)
    text += "  expected calibration error " + brief(*evaluation.calibration_error) + ", of " +
            counted(evaluation.confidences.size(), "confidence") + " that the last gate gave\n\n";
  return text;
}

Json json_of(const Interval& interval, std::optional<double> value, const char* key) {
  Json json{{key, nullptr}, {"low", interval.low}, {"high", interval.high}};
  if (value) json[key] = *value;
  return json;
}

Json json_of(const Share& share, const char* part, const char* whole, const char* rate) {
  Json json{{part, share.part}, {whole, share.whole}};
  json.update(json_of(share.interval, share.rate(), rate));
  return json;
}

Json json_of(const std::vector<Ended>& all, const char* how) {
  Json json = Json::array();
  for (const Ended& ended : all)
    json.push_back({{how, ended.how},
                    {"lines", ended.share.part},
                    {"share", json_of(ended.share.interval, ended.share.rate(), "value")},
                    {"accuracy", json_of(ended.accuracy, "right", "judged", "value")}});
  return json;
}

Json json_of(const Estimate& estimate) {
  return json_of(estimate.interval, estimate.value, "value");
}

Json json_of(const std::vector<LabelFigures>& labels) {
  const auto number = [](std::optional<double> value) { return value ? Json(*value) : Json(nullptr); };
  Json json = Json::array();
  for (const LabelFigures& label : labels)
    json.push_back({{"label", label.label},
                    {"expected", label.expected},
                    {"said", label.said},
                    {"both", label.both},
                    {"precision", number(label.precision())},
                    {"recall", number(label.recall())},
                    {"f1", label.f1()}});
  return json;
}

Json json_of(const Evaluated& evaluated) {
  const Evaluation& of = evaluated.evaluation;
  Json json{{"name", evaluated.name},
            {"lines", of.lines},
            {"missing", evaluated.missing},
            {"repeated", evaluated.repeated},
            {"unknown", evaluated.unknown},
            {"accuracy", json_of(of.accuracy, "right", "judged", "value")},
            {"outcomes", json_of(of.kinds, "outcome")},
            {"tiers", json_of(of.tiers, "tier")},
            {"a_line", Json::object()},
            {"latency_ms", Json::object()},
            {"labels", json_of(of.labels)}};
  for (const Measure measure : kMeasures) {
    const auto& mean = of.means[static_cast<std::size_t>(measure)];
    json["a_line"][key_of(measure)] = mean ? json_of(*mean) : Json(nullptr);
  }
  for (std::size_t i = 0; i < kLatencyQuantiles.size() && of.lines > 0; ++i)
    json["latency_ms"][kLatencyQuantiles[i].name] = json_of(of.latency_ms[i]);
  if (of.macro_f1) json["macro_f1"] = *of.macro_f1;
  if (of.calibration_error)
    json["calibration"] = {{"error", *of.calibration_error}, {"confidences", of.confidences.size()}};
  for (const auto& [reason, count] : of.reasons)
    json["reasons"].push_back({{"reason", reason}, {"lines", count}});
  return json;
}

}  // namespace

std::string to_text(const EvaluationReport& report) {
  std::string text = report.is_interrupted ? "interrupted: figures are of the lines that were done\n" : "";
  text += evaluated_text(report.first, report);
  if (report.second) text += evaluated_text(*report.second, report);
  if (report.comparison)
    text += comparison_text(*report.comparison, report.first.name, report.second->name) + "\n";
  return text + "  intervals hold with confidence " + brief(report.options.confidence);
}

std::string to_json(const EvaluationReport& report) {
  Json json{{"data", report.data},
            {"confidence", report.options.confidence},
            {"interrupted", report.is_interrupted}};
  json.update(json_of(report.first));
  if (report.second) json["against"] = json_of(*report.second);
  if (report.comparison) json["comparison"] = comparison_json(*report.comparison);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
