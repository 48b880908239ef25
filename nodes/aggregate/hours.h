#pragma once

#include <chrono>
#include <string_view>

namespace slm::aggregate {

/// A part of the day by the clocks of a zone; an end that is not after its begin is on the next day.
struct Hours {
  static constexpr std::string_view kExpected = "hours of the day, such as `22:00-06:00`";

  std::chrono::minutes from{0};
  std::chrono::minutes to{24 * 60};  ///< from the midnight that `from` counts from; up to 48 hours

  /// Throws std::invalid_argument.
  static Hours parse(std::string_view text);

  bool is_whole_day() const { return from == std::chrono::minutes{0} && to == std::chrono::hours{24}; }
};

}  // namespace slm::aggregate
