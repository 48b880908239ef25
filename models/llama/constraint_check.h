#pragma once

#include "models/generator.h"

namespace slm::llama {

/// Throws `ModelError` saying where, if no model could be held to this output format. Needs no model.
void check_constraint(const ConstraintSource& source);

}  // namespace slm::llama
