#pragma once

#include <vector>

#include "graph/registry.h"
#include "models/calibration/calibration.h"

namespace slm {

/// What a calibration of the gate is bound to: each model whose evidence a message can bring there, with what
/// that model is asked. Reads whole model files. Those that cannot be read are passed over, for opening them
/// says why, and so are models of backends that do not say what they hold.
std::vector<CalibrationBinding> calibration_bindings(const PipelineSpec& pipeline, const NodeSpec& gate);

}  // namespace slm
