#include "statistics/isotonic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace slm::statistics {
namespace {

double value_at(const std::vector<IsotonicStep>& steps, double x) {
  for (const IsotonicStep& step : steps)
    if (step.low <= x && x <= step.high) return step.value;
  ADD_FAILURE() << "no step holds " << x;
  return 0;
}

TEST(Isotonic, FitsWhatAReferenceFits) {
  const std::vector<WeightedPoint> points{{4, 1, 3}, {1, 0, 1}, {2, 1, 1}, {2, 0, 2},  {3, 0, 1},
                                          {5, 0, 1}, {6, 1, 1}, {7, 1, 2}, {8, 0.5, 2}};
  const auto steps = fit_isotonic(points);
  // IsotonicRegression of scikit-learn 1.2.
  for (const auto& [x, value] :
       {std::pair{1, 0.0}, {2, 0.25}, {3, 0.25}, {4, 0.75}, {5, 0.75}, {6, 0.8}, {8, 0.8}})
    EXPECT_NEAR(value, value_at(steps, x), 1e-12) << x;
  EXPECT_EQ(4U, steps.size());
}

TEST(Isotonic, NoRisingChangeComesNearer) {
  std::mt19937_64 random{2};
  std::vector<WeightedPoint> points(60);
  for (WeightedPoint& point : points)
    point = {static_cast<double>(random() % 25), static_cast<double>(random() % 100) / 100,
             1 + static_cast<double>(random() % 3)};
  const auto steps = fit_isotonic(points);
  // The slow way, by the formula of minima and maxima: max over a ≤ x of min over b ≥ x of the mean of [a,
  // b].
  for (double x = 0; x < 25; ++x) {
    if (std::none_of(points.begin(), points.end(), [&](auto& point) { return point.x == x; })) continue;
    double highest = 0;
    for (double low = 0; low <= x; ++low) {
      double lowest = 1;
      for (double high = x; high < 25; ++high) {
        double sum = 0, weight = 0;
        for (const WeightedPoint& point : points) {
          if (point.x < low || point.x > high) continue;
          sum += point.weight * point.y;
          weight += point.weight;
        }
        lowest = std::min(lowest, sum / weight);
      }
      highest = std::max(highest, lowest);
    }
    EXPECT_NEAR(highest, value_at(steps, x), 1e-9) << x;
  }
}

TEST(Isotonic, WhatFallsThroughoutIsOneStep) {
  const auto steps = fit_isotonic(std::vector<WeightedPoint>{{1, 0.9}, {2, 0.5}, {3, 0.1}});
  ASSERT_EQ(1U, steps.size());
  EXPECT_NEAR(0.5, steps[0].value, 1e-12);
  EXPECT_EQ(1, steps[0].low);
  EXPECT_EQ(3, steps[0].high);
  EXPECT_EQ(3, steps[0].weight);
}

TEST(Isotonic, NothingHasNoSteps) {
  EXPECT_TRUE(fit_isotonic({}).empty());
}

}  // namespace
}  // namespace slm::statistics
