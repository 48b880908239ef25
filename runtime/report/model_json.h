#pragma once

#include <nlohmann/json.hpp>

#include "models/model.h"

namespace slm::runtime {

/// What a model file holds; members that its format does not tell are null.
nlohmann::ordered_json model_json(const ModelInfo& info);

}  // namespace slm::runtime
