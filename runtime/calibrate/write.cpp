#include "runtime/calibrate/write.h"

#include "graph/format/source_text.h"
#include "runtime/edit/pipeline_edit.h"

namespace slm::runtime {

void write_calibrations(const std::filesystem::path& pipeline, const std::vector<GateCalibration>& gates,
                        const std::string& data, const std::string& date) {
  const std::string found = source_text(pipeline);
  // The old calibration does without a `signal` beside it; the new one may not agree with it.
  PipelineEdit before{pipeline, found};
  for (const GateCalibration& of : gates)
    if (of.gate.names_file && of.loses_signal())
      before.erase({"nodes", of.gate.name, "confidence", "signal"});

  PipelineEdit after{pipeline, before.text()};
  std::string names;
  for (const GateCalibration& of : gates) {
    names.append(names.empty() ? "" : ", ").append(of.gate.name);
    const auto confidence = [&](const char* key) {
      return YamlPath{"nodes", of.gate.name, "confidence", key};
    };
    for (const MovedBar& bar : of.bars) after.set({"nodes", of.gate.name, bar.rule, "at_least"}, bar.now);
    if (of.gate.names_file) continue;
    after.set(confidence("calibration"), of.gate.file.filename().string());
    if (of.loses_signal()) after.erase(confidence("signal"));
  }
  if (after.text() != found)
    after.note({"nodes"}, {.command = "calibrate", .date = date, .text = names + " on " + data});

  if (before.text() != found) before.write();
  for (const GateCalibration& of : gates) of.fit->calibration.save(of.gate.file, of.fit->description(date));
  if (after.text() != before.text()) after.write();
}

}  // namespace slm::runtime
