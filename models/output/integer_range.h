#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace slm::output {

/// GBNF for the decimal integers from `low` to `high`, both included, without leading zeros; an open end is
/// bounded by 15 digits, so that every value is exact as a double. Empty if there is none.
std::string integer_range_gbnf(std::optional<std::int64_t> low, std::optional<std::int64_t> high);

}  // namespace slm::output
