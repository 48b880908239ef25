#include "runtime/calibrate/calibrate_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

std::string number_text(const std::optional<double>& number) {
  return number ? brief(*number) : "–";
}

Json json_of(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json json_of(const ConfidenceQuality& quality) {
  return {{"lines", quality.answers.size()},
          {"ece", json_of(quality.calibration_error())},
          {"brier", json_of(quality.brier_score())},
          {"log_loss", json_of(quality.log_loss())},
          {"auroc", json_of(quality.area_under_roc())}};
}

Json json_of(const GateCalibration& gate, bool is_method_asked) {
  Json json{{"gate", gate.gate.name},
            {"fitted", gate.fit.has_value()},
            {"answers", gate.examples},
            {"not_reached", gate.not_reached}};
  if (!gate.fit) {
    json["why_not"] = gate.why_not;
    return json;
  }
  json["file"] = gate.gate.file.string();
  json["no_evidence"] = gate.fit->left_out;
  json["right"] = gate.fit->right;
  json["accuracy"] = statistics::accuracy(gate.fit->out_of_fold);
  json["signal"] = to_string(gate.signal);
  json["before"] = json_of(gate.before);
  json["after"] = json_of(gate.after);
  for (const auto& loss : gate.fit->losses)
    json["losses"][std::string{to_string(loss.method)}] = loss.log_loss;
  json["method"] = to_string(gate.fit->calibration.method());
  json["why"] = method_text(gate, is_method_asked);
  for (const Signal& signal : gate.fit->calibration.signals) json["signals"].push_back(to_string(signal));
  for (const MovedBar& bar : gate.bars) json["bars"][bar.rule] = {{"was", bar.was}, {"now", bar.now}};
  return json;
}

}  // namespace

bool CalibrationReport::is_fitted() const {
  return std::ranges::all_of(gates, [](const GateCalibration& gate) { return gate.fit.has_value(); });
}

Table quality_table(const CalibrationReport& report) {
  Table table{{{"gate"},
               {"confidence"},
               {"ECE", Align::right},
               {"Brier", Align::right},
               {"log loss", Align::right},
               {"AUROC", Align::right}}};
  for (const GateCalibration& gate : report.gates) {
    if (!gate.fit) continue;
    const auto add = [&](const std::string& name, const ConfidenceQuality& of) {
      table.add({gate.gate.name, name, number_text(of.calibration_error()), number_text(of.brier_score()),
                 number_text(of.log_loss()), number_text(of.area_under_roc())});
    };
    add(to_string(gate.signal), gate.before);
    add("calibrated", gate.after);
  }
  return table;
}

Table methods_table(const GateCalibration& gate) {
  Table table{{{"method"}, {"log loss", Align::right}}};
  for (const auto& loss : gate.fit->losses)
    table.add({std::string{to_string(loss.method)}, brief(loss.log_loss)});
  return table;
}

std::string method_text(const GateCalibration& gate, bool is_asked) {
  const CalibrationFit& fit = *gate.fit;
  std::string text{to_string(fit.calibration.method())};
  text += " of ";
  for (const Signal& signal : fit.calibration.signals)
    text.append(&signal == &fit.calibration.signals.front() ? "" : ", ").append(to_string(signal));
  if (is_asked) return text + ": as asked";
  const auto best = std::ranges::min_element(fit.losses, {}, &CalibrationFit::MethodLoss::log_loss);
  if (best->method == fit.calibration.method()) return text + ": the least log loss";
  return text.append(": simpler than ").append(to_string(best->method)).append(" and about as good");
}

std::string basis_text(const GateCalibration& gate) {
  std::string text = counted(gate.examples, "answer");
  if (gate.fit) {
    text.append(", ").append(percent(gate.fit->right, gate.fit->out_of_fold.size())).append(" right");
    if (gate.fit->left_out > 0)
      text.append("; ").append(grouped(gate.fit->left_out)).append(" without evidence left out");
  }
  if (gate.not_reached > 0)
    text.append("; ").append(counted(gate.not_reached, "line")).append(" did not come to it");
  return text;
}

std::vector<std::string> remarks(const CalibrationReport& report) {
  std::vector<std::string> texts;
  if (report.without_label > 0)
    texts.push_back(counted(report.without_label, "line") + " without a label left out.");
  for (const std::string& gate : report.kept)
    texts.push_back("Gate `" + gate +
                    "` stays as it is: it escalates to no other node, or is in a branch of a fork.");
  if (!report.is_fitted()) {
    texts.push_back("Nothing is written; --gate names the gates to calibrate, if not all.");
    return texts;
  }
  for (const GateCalibration& gate : report.gates)
    for (const MovedBar& bar : gate.bars)
      texts.push_back("`at_least` of `" + bar.rule + "` of gate `" + gate.gate.name + "` was " +
                      brief(bar.was) + " and is now " + brief(bar.now) +
                      ", which at least as many lines reach.");
  for (const GateCalibration& gate : report.gates)
    if (gate.before.log_loss() && gate.after.log_loss() > gate.before.log_loss())
      texts.push_back("Gate `" + gate.gate.name + "` has a greater log loss than with `" +
                      to_string(gate.signal) + "` as it is: it may not be worth a calibration.");
  texts.push_back(
      "Figures of what is calibrated are out of the fold. Bars now compare probabilities that the answer is "
      "right: choose them anew with `slm-graph tune`.");
  return texts;
}

std::string to_text(const CalibrationReport& report) {
  std::string text = report.pipeline + ": calibrated on " + report.data + "\n";
  for (const GateCalibration& gate : report.gates) {
    text.append("\n  ").append(gate.gate.name).append(": ").append(basis_text(gate)).append("\n");
    if (!gate.fit) {
      text.append("  not calibrated: ").append(gate.why_not).append("\n");
      continue;
    }
    text.append("  ").append(method_text(gate, report.is_method_asked)).append("\n");
    text += methods_table(gate).to_string(4);
  }
  const Table quality = quality_table(report);
  if (!quality.empty()) text.append("\n").append(quality.to_string(2));
  for (const std::string& remark : remarks(report)) text.append("\n  ").append(remark);
  return text;
}

std::string to_json(const CalibrationReport& report) {
  Json json{{"pipeline", report.pipeline},  {"data", report.data},    {"without_label", report.without_label},
            {"fitted", report.is_fitted()}, {"gates", Json::array()}, {"remarks", remarks(report)}};
  for (const GateCalibration& gate : report.gates)
    json["gates"].push_back(json_of(gate, report.is_method_asked));
  return json.dump();
}

}  // namespace slm::runtime
