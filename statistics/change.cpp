#include "statistics/change.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

namespace slm::statistics {
namespace {

/// As dense near 0 as rates near the bound need, where the best fraction is small.
constexpr std::array<double, ErrorRateWatch::kStrategies> kFractions = {0.01, 0.02, 0.04, 0.08,
                                                                        0.16, 0.32, 0.64};
constexpr std::size_t kEdges = 48;
/// What moves between the stakes in each round, so that another strategy can take over.
constexpr double kMoved = 0.01;

}  // namespace

void ChangeBets::play(std::span<const double> factors) {
  assert(factors.size() == stakes_.size());
  const auto count = static_cast<double>(stakes_.size());
  const auto round = static_cast<double>(++rounds_);
  const double fresh = 1 / (round * (round + 1)) / count;
  const double moved = kMoved * std::accumulate(stakes_.begin(), stakes_.end(), 0.0) / count;
  for (std::size_t i = 0; i < stakes_.size(); ++i)
    stakes_[i] = ((1 - kMoved) * stakes_[i] + moved + fresh) * factors[i];
}

double ChangeBets::capital() const {
  return std::accumulate(stakes_.begin(), stakes_.end(), 1 / static_cast<double>(rounds_ + 1));
}

ErrorRateWatch::ErrorRateWatch(double most, ChangeBets bets) : most_{most}, bets_{std::move(bets)} {
  assert(0 < most && most < 1);
}

void ErrorRateWatch::add(bool is_error) {
  std::array<double, kFractions.size()> factors{};
  for (std::size_t i = 0; i < factors.size(); ++i)
    factors[i] = 1 - kFractions[i] + (is_error ? kFractions[i] / most_ : 0);
  bets_.play(factors);
}

std::size_t ShiftWatch::bin_of(double number) const {
  const auto edge = std::ranges::lower_bound(memory_.edges, number);
  const auto below = static_cast<std::size_t>(edge - memory_.edges.begin());
  return 2 * below + (edge != memory_.edges.end() && *edge == number ? 1 : 0);
}

void ShiftWatch::set_edges() {
  std::vector<double>& first = memory_.first;
  std::ranges::sort(first);
  for (std::size_t i = 0; i < kEdges; ++i)
    memory_.edges.push_back(first[(2 * i + 1) * first.size() / (2 * kEdges)]);
  memory_.edges.erase(std::unique(memory_.edges.begin(), memory_.edges.end()), memory_.edges.end());
  memory_.counts.assign(2 * memory_.edges.size() + 1, 0);
  first.clear();
}

void ShiftWatch::add(double number, double uniform) {
  if (memory_.edges.empty()) {
    memory_.first.push_back(number);
    if (memory_.first.size() == kFirst) set_edges();
    return;
  }
  std::vector<std::uint64_t>& counts = memory_.counts;
  const auto bin = static_cast<std::ptrdiff_t>(bin_of(number));
  ++counts[static_cast<std::size_t>(bin)];
  const auto above = std::accumulate(counts.begin() + bin + 1, counts.end(), std::uint64_t{0});
  const auto all = std::accumulate(counts.begin(), counts.begin() + bin + 1, above);
  const auto equal = static_cast<double>(counts[static_cast<std::size_t>(bin)]);
  const double rank = (static_cast<double>(above) + uniform * equal) / static_cast<double>(all);
  const double side = 2 * rank - 1;              // mean 0, from -1 to 1
  const double spread = 2 * std::abs(side) - 1;  // likewise
  memory_.bets.play(std::array{1 - side, 1 - side / 2, 1 + side / 2, 1 + side, 1 - spread, 1 + spread});
}

}  // namespace slm::statistics
