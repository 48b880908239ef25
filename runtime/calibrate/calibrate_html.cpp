#include "runtime/calibrate/calibrate_html.h"

namespace slm::runtime {
namespace {

void add_gate(HtmlReport& html, const GateCalibration& gate, bool is_method_asked) {
  const std::string& name = gate.gate.name;
  const std::string signal = to_string(gate.signal);
  ReliabilityChart reliability{.title = "How often confidences of " + name + " are right",
                               .note = method_text(gate, is_method_asked) + ". " + basis_text(gate) + "."};
  if (gate.before.is_probability && !gate.before.answers.empty())
    reliability.series.push_back({signal, statistics::reliability_bins(gate.before.answers)});
  reliability.series.push_back({"calibrated", statistics::reliability_bins(gate.after.answers)});
  html.add(std::move(reliability));

  RiskCoverageChart risk{.title = "What " + name + " risks by what it accepts"};
  if (!gate.before.answers.empty())
    risk.curves.push_back({signal, statistics::risk_coverage_curve(gate.before.answers)});
  risk.curves.push_back({"calibrated", statistics::risk_coverage_curve(gate.after.answers)});
  html.add(std::move(risk));
  html.add(TitledTable{"Methods of " + name + ", cross-validated", methods_table(gate)});
}

}  // namespace

HtmlReport html_report(const CalibrationReport& report) {
  HtmlReport html{.title = "Calibration of " + report.pipeline, .summary = {"On " + report.data + "."}};
  for (const GateCalibration& gate : report.gates)
    if (!gate.fit)
      html.summary.push_back(gate.gate.name + " is not calibrated: " + gate.why_not + ". " +
                             basis_text(gate) + ".");
  for (const std::string& remark : remarks(report)) html.summary.push_back(remark);
  const Table quality = quality_table(report);
  if (!quality.empty()) html.add(TitledTable{"How good the confidences are", quality});
  for (const GateCalibration& gate : report.gates)
    if (gate.fit) add_gate(html, gate, report.is_method_asked);
  return html;
}

}  // namespace slm::runtime
