#pragma once

#include <stdexcept>
#include <string>

#include "runtime/input/source.h"

namespace slm::runtime {

/// What is wrong with one line of input.
struct LineMistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads a member that came as text, as CSV has them; an empty one counts as absent. Throws LineMistake.
void read_text_member(const std::string& name, std::string value, InputItem& item);

/// Reads `answered`, `rejected`, … Throws LineMistake with the nearest name.
OutcomeKind read_outcome_kind(const std::string& text);

/// Reads `local` or `open`. Throws LineMistake with the nearest name.
Privacy read_privacy(const std::string& text);
Priority read_priority(const std::string& text);

/// Throws LineMistake where it is negative or more than a year.
std::chrono::milliseconds read_timeout(std::int64_t timeout_ms);

}  // namespace slm::runtime
