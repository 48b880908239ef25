#pragma once

#include <span>
#include <vector>

namespace slm::statistics {

struct WeightedPoint {
  double x = 0;
  double y = 0;
  double weight = 1;  ///< above 0
};

/// Points from `low` to `high` have this value, their weighted mean.
struct IsotonicStep {
  double low = 0;
  double high = 0;
  double value = 0;
  double weight = 0;  ///< of all points of the step together
};

/// The rising function nearest to the points by weighted squares, by pooling neighbours that fall (Ayer et
/// al. 1955, Barlow et al. 1972); points of one x are pooled first. Steps of rising x and rising values; none
/// for no points. All numbers finite. Any thread.
std::vector<IsotonicStep> fit_isotonic(std::span<const WeightedPoint> points);

}  // namespace slm::statistics
