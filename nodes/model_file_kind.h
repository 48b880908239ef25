#pragma once

#include <filesystem>
#include <vector>

#include "graph/fields.h"

namespace slm {

/// The fields, of which the first is a `FilePath`, as one whose beginning must tell that it is a model of the
/// backend: `validate` need not open it for that. `check` throws `ModelError`.
std::vector<Field> with_model_file(std::vector<Field> fields, void (*check)(const std::filesystem::path&));

}  // namespace slm
