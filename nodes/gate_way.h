#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace slm {

/// The ways out of a gate, in the order in which it tries them.
enum class Way : std::uint8_t { reject, accept, escalate };
inline constexpr std::size_t kWays = 3;

/// Confidences from which on a gate rejects and accepts; infinite: never.
struct Bars {
  double reject = std::numeric_limits<double>::infinity();
  double accept = std::numeric_limits<double>::infinity();

  bool operator==(const Bars&) const = default;
};

}  // namespace slm
