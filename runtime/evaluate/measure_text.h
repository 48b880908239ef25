#pragma once

#include <string>

#include "runtime/evaluate/judged_line.h"

namespace slm::runtime {

/// `prompt_tokens`, for JSON.
std::string key_of(Measure measure);
/// What people call it: `tokens in`.
std::string name_of(Measure measure);
/// An amount of it, with its unit.
std::string measure_text(Measure measure, double amount);

}  // namespace slm::runtime
