#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/calibration/fit.h"
#include "runtime/input/source.h"

namespace slm::runtime {

struct CalibrateArguments {
  std::filesystem::path pipeline;
  std::vector<std::filesystem::path> data;
  SourceOptions source;
  std::vector<std::string> gates;  ///< empty: all
  CalibrationOptions options;
  std::filesystem::path report;  ///< HTML; empty: none
  std::size_t max_in_flight = 256;
  bool is_dry = false;  ///< writes neither calibrations nor the pipeline
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph calibrate`: fits the calibrations of a pipeline's gates to labelled lines and writes them, also
/// in place of some with which the pipeline does not load. Exit 1, with all files as they were, where a gate
/// cannot be calibrated. Throws PipelineError, UsageError and OutputError.
int calibrate(const CalibrateArguments& arguments);

}  // namespace slm::runtime
