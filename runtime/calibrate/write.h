#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/calibrate/calibrate.h"

namespace slm::runtime {

/// Writes the calibrations, and into the pipeline what must be said there. Wherever this stops, the pipeline
/// loads if it did before, and every gate reads what its file says. `data` is for notes. Throws PipelineError
/// before anything is written where the pipeline cannot be edited, and `std::system_error`.
void write_calibrations(const std::filesystem::path& pipeline, const std::vector<GateCalibration>& gates,
                        const std::string& data, const std::string& date);

}  // namespace slm::runtime
