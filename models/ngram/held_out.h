#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slm::ngram {

/// Indices of examples, each list in ascending order, together all of them, none twice.
struct HeldOut {
  std::vector<std::size_t> training;
  std::vector<std::size_t> held_out;
};

/// Holds out `share` of the examples of every label, rounded, always leaving one at least to train on. The
/// same seed chooses the same examples.
HeldOut hold_out(std::span<const std::uint32_t> labels, std::size_t label_count, double share,
                 std::uint64_t seed);

}  // namespace slm::ngram
