#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evidence/signals.h"
#include "graph/pipeline.h"

namespace slm::runtime {

/// A gate whose calibration is to be fitted, as its pipeline file has it.
struct UncalibratedGate {
  std::string name;
  std::optional<Signal> signal;  ///< as written; empty where that is none
  bool has_signal = false;       ///< `signal` is written
  bool names_file = false;       ///< `calibration` is written
  std::filesystem::path file;    ///< what it names, whether there or not; else `GATE.calibration.yaml`
};

/// A pipeline whose gates read bare signals. A calibration that is missing, broken or of another model thus
/// keeps none from taking its place.
struct Uncalibrated {
  Pipeline pipeline;
  std::vector<UncalibratedGate> gates;  ///< those to calibrate, in the order of the file
  std::vector<std::string> kept;        ///< other gates: nothing follows them, or they are in a fork
};

/// Takes the calibrations from the gates named, or from all that can be tried where none is. A gate left
/// without a signal that suits it gets one. Throws PipelineError, with places in the file as it is, and
/// UsageError for a name that is none of these gates, or where there is none.
Uncalibrated load_uncalibrated(const std::filesystem::path& file, const std::vector<std::string>& gates);

}  // namespace slm::runtime
