#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "models/ngram/feature_hash.h"

namespace slm::ngram {

/// splitmix64 (Steele et al. 2014): the same numbers from the same seed with every standard library, which
/// std::shuffle and the distributions of <random> do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15); }

  /// Below `bound`, with a bias below bound / 2^32.
  std::size_t below(std::size_t bound) {
    if (bound <= 0xFFFFFFFF) return static_cast<std::size_t>((next() >> 32) * bound >> 32);
    return static_cast<std::size_t>(next() % bound);
  }

  template <class Value>
  void shuffle(std::span<Value> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace slm::ngram
