#pragma once

#include <cstddef>
#include <optional>
#include <vector>

/// Choosing how far to go by testing one step after another (Learn-then-Test: Angelopoulos, Bates, Candès,
/// Jordan and Lei 2021, arXiv 2110.01052). Any thread.
namespace slm::statistics {

/// Fixed-sequence testing: the last position before the first that is not rejected; empty where that is the
/// first of all. Each test is at the full level, since the first true hypothesis ends the sequence: the
/// chance that one up to the result is true is at most that level, provided that the order was fixed without
/// looking at what the tests look at.
template <class IsRejected>
std::optional<std::size_t> last_rejected(std::size_t positions, const IsRejected& is_rejected) {
  std::size_t position = 0;
  while (position < positions && is_rejected(position)) ++position;
  return position == 0 ? std::nullopt : std::optional{position - 1};
}

/// Bars from the highest to the lowest, chosen without looking at any data: a thousand steps of a probability
/// (`highest` is 1) or of a log-probability (0), finer near both ends, where confidences crowd.
std::vector<double> bar_ladder(double highest);

/// The number of fewest digits above `low` that is not above `high`.
double shortest_between(double low, double high);

}  // namespace slm::statistics
