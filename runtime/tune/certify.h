#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/tune/bar_search.h"
#include "runtime/tune/target.h"

namespace slm::runtime {

/// The least chance of seeing lines this good if their target were missed: exact binomial for rates, by
/// betting (Waudby-Smith and Ramdas 2024) for other means. 1 where none counts.
double p_value(const std::vector<double>& numbers, const Target& target);

/// How far down a path of bars the target is certified: the last position before the first whose test fails
/// at level `alpha`; empty where the first one fails.
///
/// Fixed-sequence testing, one of the procedures of Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and
/// Lei 2021, arXiv 2110.01052): all tests are at the full level, since the first false one ends the sequence.
/// So with probability 1 - alpha the target holds, for lines of the same kind, at every position up to the
/// one returned, provided that the path was chosen without looking at `trials`.
std::optional<std::size_t> last_certified(const std::vector<std::vector<Bars>>& path,
                                          const ScoredTrials& trials, const Target& target, double alpha);

/// Lines that the test needs, at least: were all of them right.
std::size_t least_lines(const Target& target, double alpha);

}  // namespace slm::runtime
