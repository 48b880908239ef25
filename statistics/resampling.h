#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace slm::statistics {

/// The generator of everything that is drawn: the C++ standard fixes its numbers, as it does not those of its
/// distributions, so that a seed gives the same results everywhere.
using Random = std::mt19937_64;

/// Below `bound`, which is at most 2^32; with a bias below bound / 2^32.
inline std::size_t draw_below(std::size_t bound, Random& random) {
  return static_cast<std::size_t>((random() >> 32) * bound >> 32);
}

}  // namespace slm::statistics
