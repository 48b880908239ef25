#include "statistics/isotonic.h"

#include <algorithm>

namespace slm::statistics {

std::vector<IsotonicStep> fit_isotonic(std::span<const WeightedPoint> points) {
  std::vector<WeightedPoint> sorted(points.begin(), points.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const WeightedPoint& a, const WeightedPoint& b) { return a.x < b.x; });
  std::vector<IsotonicStep> steps;
  const auto pool_into_last = [&steps](const IsotonicStep& next) {
    IsotonicStep& last = steps.back();
    const double weight = last.weight + next.weight;
    last = {last.low, next.high, last.value + (next.value - last.value) * (next.weight / weight), weight};
  };
  std::size_t begin = 0;
  while (begin < sorted.size()) {
    const double x = sorted[begin].x;
    steps.push_back({x, x, sorted[begin].y, sorted[begin].weight});
    for (++begin; begin < sorted.size() && sorted[begin].x == x; ++begin)
      pool_into_last({x, x, sorted[begin].y, sorted[begin].weight});
    while (steps.size() > 1 && steps.back().value <= steps[steps.size() - 2].value) {
      const IsotonicStep next = steps.back();
      steps.pop_back();
      pool_into_last(next);
    }
  }
  return steps;
}

}  // namespace slm::statistics
