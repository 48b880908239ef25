#include "statistics/binomial.h"

#include <gtest/gtest.h>

#include <cmath>

namespace slm::statistics::binomial {
namespace {

// Numbers without a comment are scipy 1.10's: binomtest, beta.ppf and binom.sf.

TEST(Binomial, IntervalIsClopperAndPearsons) {
  const Interval some = interval(45, 50, 0.95);
  EXPECT_NEAR(0.7818646335657977, some.low, 1e-12);
  EXPECT_NEAR(0.9667249064109785, some.high, 1e-12);
  const Interval none = interval(0, 20, 0.95);
  EXPECT_EQ(0, none.low);
  EXPECT_NEAR(0.16843347098308548, none.high, 1e-12);
}

TEST(Binomial, WithoutTrialsEveryRateIsPossible) {
  EXPECT_EQ((Interval{0, 1}), interval(0, 0, 0.95));
  EXPECT_EQ(1, p_value(0, 0, 0.5));
}

TEST(Binomial, BoundsHaveAllOfAlphaOnOneSide) {
  EXPECT_NEAR(0.8011669974835816, lower_bound(45, 50, 0.05), 1e-12);
  EXPECT_NEAR(0.9597634095978854, upper_bound(45, 50, 0.05), 1e-12);
  EXPECT_EQ(1, upper_bound(50, 50, 0.05));
}

TEST(Binomial, PValueIsTheUpperTail) {
  EXPECT_NEAR(0.43598130068571117, p_value(96, 100, 0.95), 1e-12);
  EXPECT_NEAR(0.010236548159763346, p_value(990, 1000, 0.98), 1e-12);
}

TEST(Binomial, LowerBoundExceedsTheTargetWhereThePValueIsBelowAlpha) {
  for (std::size_t successes = 0; successes <= 40; ++successes)
    EXPECT_EQ(p_value(successes, 40, 0.8) < 0.05, lower_bound(successes, 40, 0.05) > 0.8) << successes;
}

TEST(Binomial, AllRightCertifiesAsSoonAsChanceWouldNot) {
  EXPECT_EQ(59U, trials_to_certify(0.95, 0.05));  // 0.95^59 < 0.05 < 0.95^58
  EXPECT_EQ(299U, trials_to_certify(0.99, 0.05));
  EXPECT_EQ(1U, trials_to_certify(0, 0.05));
  EXPECT_EQ(std::nullopt, trials_to_certify(1, 0.05));
}

TEST(Binomial, TrialsForAPowerAreThoseThatASearchFinds) {
  // Found one by one with binom.isf and binom.sf.
  EXPECT_EQ(179U, trials_to_certify(0.9, 0.95, 0.05, 0.8));
  EXPECT_EQ(311U, trials_to_certify(0.95, 0.98, 0.05, 0.9));
  EXPECT_EQ(252U, trials_to_certify(0.5, 0.6, 0.01, 0.8));
  EXPECT_EQ(18U, trials_to_certify(0.8, 0.99, 0.1, 0.95));
  EXPECT_EQ(59U, trials_to_certify(0.95, 0.99, 0.05, 0.5));
}

/// The power of the test at level alpha with so many trials, straight from the definition.
double power(std::size_t trials, double target, double rate, double alpha) {
  // With no more than the target the chance is about one half, above any alpha here.
  auto needed = static_cast<std::size_t>(static_cast<double>(trials) * target);
  while (needed <= trials && p_value(needed, trials, target) > alpha) ++needed;
  return needed <= trials ? p_value(needed, trials, rate) : 0;
}

TEST(Binomial, FewerTrialsHaveLessPowerThanAskedFor) {
  for (const double target : {0.3, 0.7, 0.9, 0.97}) {
    for (const double rate : {target + 0.02, target + (1 - target) / 2, 1.0}) {
      if (rate - target < 0.03 && target < 0.9) continue;  // thousands of trials
      const std::size_t trials = trials_to_certify(target, rate, 0.05, 0.8).value();
      EXPECT_GE(power(trials, target, rate, 0.05), 0.8) << target << ' ' << rate;
      for (std::size_t fewer = 1; fewer < trials; ++fewer)
        ASSERT_LT(power(fewer, target, rate, 0.05), 0.8) << target << ' ' << rate << ' ' << fewer;
    }
  }
}

TEST(Binomial, ARateThatIsNotAboveTheTargetIsNeverCertified) {
  EXPECT_EQ(std::nullopt, trials_to_certify(0.9, 0.9, 0.05, 0.8));
  EXPECT_EQ(std::nullopt, trials_to_certify(0.9, 0.8, 0.05, 0.8));
}

TEST(Binomial, ASmallGainTakesAboutWhatTheNormalApproximationSays) {
  const double spread = 1.6449 * std::sqrt(0.95 * 0.05) + 0.8416 * std::sqrt(0.951 * 0.049);
  const auto trials = static_cast<double>(trials_to_certify(0.95, 0.951, 0.05, 0.8).value());
  EXPECT_NEAR(1, trials / std::pow(spread / 0.001, 2), 0.01);
}

}  // namespace
}  // namespace slm::statistics::binomial
