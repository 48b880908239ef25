#include "runtime/cli/calibrate_command.h"

#include <algorithm>
#include <system_error>

#include "models/model.h"
#include "models/replace_file.h"
#include "nodes/calibration_binding.h"
#include "runtime/calibrate/calibrate_html.h"
#include "runtime/calibrate/write.h"
#include "runtime/cli/console.h"
#include "runtime/cli/labelled_trials.h"
#include "runtime/edit/pipeline_edit.h"
#include "runtime/report/html/report_file.h"
#include "runtime/report/subject.h"
#include "runtime/train/labelled_lines.h"
#include "runtime/trials/labelled_data.h"

namespace slm::runtime {
namespace {

/// What another run of this command left, or would have.
bool is_its_own(const UncalibratedGate& gate, const PipelineSpec& spec) {
  try {
    return Calibration::load(gate.file).bound_to == calibration_bindings(spec, *spec.node(gate.name));
  } catch (const ModelError&) {
    return false;
  }
}

// Before the models are asked, which may take long.
void check_outputs(const CalibrateArguments& arguments, const Uncalibrated& uncalibrated) {
  const PipelineSpec& spec = uncalibrated.pipeline.spec();
  std::vector<FileInUse> files = files_of(spec);
  for (const auto& file : arguments.data) files.push_back({"the data", file});
  for (const UncalibratedGate& gate : uncalibrated.gates) {
    const std::string called = "the calibration of gate `" + gate.name + "`";
    refuse_to_overwrite(files, gate.file, called);
    for (const FileInUse& other : files)
      if (other.file.lexically_normal() == gate.file.lexically_normal())
        throw OutputError(called + " " + gate.file.string() + " is " + other.what);
    if (!gate.names_file && std::filesystem::exists(gate.file) && !is_its_own(gate, spec))
      throw OutputError(gate.file.string() + " is there already, and gate `" + gate.name +
                        "` does not name it; remove it, or name a file in `calibration`");
    try {
      check_replaceable(gate.file);
    } catch (const std::system_error& error) {
      throw OutputError(error.what());
    }
    files.push_back({called, gate.file});
    if (!gate.names_file)  // throws where it could not be written in the end
      PipelineEdit{spec.file}.set({"nodes", gate.name, "confidence", "calibration"}, "");
  }
  if (!arguments.report.empty()) check_report_file(files, arguments.report);
}

}  // namespace

int calibrate(const CalibrateArguments& arguments) {
  Uncalibrated uncalibrated = load_uncalibrated(arguments.pipeline, arguments.gates);
  const PipelineSpec& spec = uncalibrated.pipeline.spec();
  check_outputs(arguments, uncalibrated);
  CalibrationReport report{.pipeline = spec.name,
                           .is_method_asked = arguments.options.method.has_value(),
                           .kept = uncalibrated.kept};
  std::vector<InputItem> lines;
  try {
    lines = read_labelled_data(arguments.data, arguments.source);
  } catch (const DataError& error) {
    throw UsageError(error.what());
  }
  report.without_label = erase_unlabelled(lines);
  report.data = data_text(lines.size(), arguments.data);

  TrialRunner runner{uncalibrated.pipeline, {.max_in_flight = arguments.max_in_flight}};
  const std::vector<Trial> trials = tried(runner, lines, arguments.is_quiet);
  if (trials.empty()) {
    print_note("interrupted: nothing was written");
    return kExitInterrupted;
  }
  for (const UncalibratedGate& gate : uncalibrated.gates) {
    const auto tried_as = std::ranges::find(runner.gates(), gate.name, &TunableGate::name);
    report.gates.push_back(calibrate_gate(trials, static_cast<std::size_t>(tried_as - runner.gates().begin()),
                                          spec, gate, arguments.options));
  }
  if (arguments.is_json) write_result(to_json(report) + "\n");
  if (!arguments.is_quiet) print_note(to_text(report));
  if (!arguments.report.empty()) write_report(html_report(report), arguments.report);
  if (!report.is_fitted()) {
    for (const GateCalibration& gate : report.gates)
      if (arguments.is_quiet && !gate.fit) print_error("gate `" + gate.gate.name + "`: " + gate.why_not);
    return kExitSomeFailed;
  }
  if (!arguments.is_dry) write_calibrations(arguments.pipeline, report.gates, report.data, today());
  return kExitDone;
}

}  // namespace slm::runtime
