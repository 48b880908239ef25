#include "statistics/hypergeometric.h"

#include <gtest/gtest.h>

#include "statistics/binomial.h"

namespace slm::statistics::hypergeometric {
namespace {

// The numbers are those of scipy 1.10's hypergeom.cdf, the bounds found with it one by one.

TEST(Hypergeometric, PValueIsTheLowerTail) {
  EXPECT_NEAR(0.06533231940135599, p_value(1, 100, 500, 20), 1e-12);
  EXPECT_NEAR(0.054643746474313235, p_value(3, 5000, 100000, 150), 1e-10);
}

TEST(Hypergeometric, PValueKnowsWhatCannotBe) {
  EXPECT_EQ(1, p_value(3, 10, 20, 2));
  EXPECT_EQ(0, p_value(3, 10, 20, 14));
}

TEST(Hypergeometric, UpperBoundIsTheLargestNumberNotRefuted) {
  EXPECT_EQ(13U, upper_bound(0, 100, 500, 0.05));
  EXPECT_EQ(4U, upper_bound(2, 50, 60, 0.05));
  EXPECT_EQ(47U, upper_bound(7, 300, 1000, 0.01));
}

TEST(Hypergeometric, WhereAllAreLookedAtNothingIsUncertain) {
  EXPECT_EQ(5U, upper_bound(5, 80, 80, 0.05));
  EXPECT_EQ(80U, upper_bound(0, 0, 80, 0.05));
  EXPECT_EQ(0U, upper_bound(0, 0, 0, 0.05));
}

TEST(Hypergeometric, ALargePopulationIsLikeAnInfiniteOne) {
  const double share = static_cast<double>(upper_bound(3, 200, 10'000'000, 0.05)) / 1e7;
  EXPECT_NEAR(binomial::upper_bound(3, 200, 0.05), share, 1e-4);
}

}  // namespace
}  // namespace slm::statistics::hypergeometric
