#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace slm {

/// What is expected where `parse_duration` finds none.
inline constexpr const char* kDurationExpected = "a duration such as `200ms`, `5s`, `2min` or `1h`";

/// Reads a number and its unit; empty where it is none, or longer than three decades.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace slm
