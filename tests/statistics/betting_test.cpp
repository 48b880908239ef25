#include "statistics/betting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

namespace slm::statistics {
namespace {

using Values = std::vector<double>;

constexpr int kSimulations = 2000;

BettingTest fed(const BettingTest::Hypothesis& hypothesis, const Values& values) {
  BettingTest test{hypothesis};
  for (const double value : values) test.add(value);
  return test;
}

Values coins(std::size_t count, double rate, std::mt19937_64& random) {
  Values values(count);
  for (double& value : values) value = static_cast<double>(random() >> 11) * 0x1p-53 < rate ? 1 : 0;
  return values;
}

/// The share of simulations in which the test rejects at any time.
double rejections(const BettingTest::Hypothesis& hypothesis, double alpha,
                  const std::function<Values(std::mt19937_64&)>& draw) {
  std::mt19937_64 random{20240601};
  int rejected = 0;
  for (int i = 0; i < kSimulations; ++i) rejected += fed(hypothesis, draw(random)).rejects(alpha) ? 1 : 0;
  return static_cast<double>(rejected) / kSimulations;
}

TEST(BettingTest, WealthIsTheMeanOfTheProductsOfAllFractions) {
  const Values values{1, 0.5, 0.25, 1, 0, 0.75};
  double wealth = 0;
  for (int i = 0; i < 40; ++i) {
    const double bet = (i + 0.5) / 40 / 0.6;  // the λ of the paper, below 1 / m
    double product = 1;
    for (const double value : values) product *= 1 + bet * (value - 0.6);
    wealth += product / 40;
  }
  EXPECT_NEAR(std::log(wealth), fed({0.6}, values).log_wealth(), 1e-12);
}

TEST(BettingTest, WealthDoesNotDependOnTheOrder) {
  std::mt19937_64 random{1};
  Values values = coins(500, 0.9, random);
  const double before = fed({0.8}, values).log_wealth();
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(before, fed({0.8}, values).log_wealth(), 1e-9);
}

TEST(BettingTest, OtherRangesAreScaled) {
  const BettingTest scaled = fed({-1, {-5, 3}}, {3, -5, 1, 3});
  EXPECT_NEAR(fed({0.5}, {1, 0, 0.75, 1}).log_wealth(), scaled.log_wealth(), 1e-12);
}

TEST(BettingTest, FalseAlarmsAreNoMoreOftenThanAlpha) {
  const auto coin = [](auto& random) { return coins(300, 0.8, random); };
  EXPECT_LE(rejections({0.8}, 0.1, coin), 0.1);
  // What the bound above could not see, were it not for the right null.
  EXPECT_GT(rejections({0.72}, 0.1, coin), 0.3);
}

TEST(BettingTest, FalseAlarmsOfNumbersAreNoMoreOftenThanAlpha) {
  const auto halves = [](auto& random) {
    Values values = coins(200, 0.3, random);
    for (double& value : values) value = value > 0 ? 0.9 : static_cast<double>(random() >> 11) * 0x1p-54;
    return values;
  };
  EXPECT_LE(rejections({0.3 * 0.9 + 0.7 * 0.25}, 0.1, halves), 0.1);
  EXPECT_GT(rejections({0.37}, 0.1, halves), 0.3);
}

/// A population of 200 with 160 ones, of which `count` are drawn.
auto drawn_from_160_of_200(std::size_t count) {
  return [count](std::mt19937_64& random) {
    Values values(200, 0.0);
    std::fill_n(values.begin(), 160, 1.0);
    for (std::size_t i = 199; i > 0; --i) std::swap(values[i], values[random() % (i + 1)]);
    values.resize(count);
    return values;
  };
}

TEST(BettingTest, FalseAlarmsOfAFinitePopulationAreNoMoreOftenThanAlpha) {
  EXPECT_LE(rejections({.mean = 0.8, .population = 200}, 0.1, drawn_from_160_of_200(200)), 0.1);
  EXPECT_GT(rejections({.mean = 0.77, .population = 200}, 0.1, drawn_from_160_of_200(200)), 0.9);
}

TEST(BettingTest, AFinitePopulationIsKnownSooner) {
  const double without = rejections({.mean = 0.7, .population = 200}, 0.05, drawn_from_160_of_200(100));
  const double with = rejections({.mean = 0.7}, 0.05, drawn_from_160_of_200(100));
  EXPECT_GT(without, with + 0.1);
}

TEST(BettingTest, WhatIsSeenOfAFinitePopulationCanDecide) {
  BettingTest test{{.mean = 0.3, .population = 10}};
  for (int i = 0; i < 3; ++i) test.add(1);
  EXPECT_TRUE(std::isfinite(test.log_wealth()));  // all others may be 0
  BettingTest contradicted = test;
  contradicted.add(1);
  EXPECT_EQ(INFINITY, contradicted.log_wealth());
  EXPECT_EQ(0, contradicted.p_value());
  for (int i = 0; i < 7; ++i) test.add(0);  // 0.3 · 10 is not quite 3 in binary
  EXPECT_GE(test.p_value(), 1.0 / 120);     // the chance of such an order
}

TEST(BettingTest, RemembersThatItHasRejected) {
  BettingTest test{{0.5}};
  for (int i = 0; i < 20; ++i) test.add(1);
  ASSERT_TRUE(test.rejects(0.01));
  const double p_value = test.p_value();
  for (int i = 0; i < 100; ++i) test.add(0);
  EXPECT_LT(test.log_wealth(), 0);
  EXPECT_TRUE(test.rejects(0.01));
  EXPECT_EQ(p_value, test.p_value());
}

TEST(BettingTest, ALongTestNeitherOverflowsNorUnderflows) {
  BettingTest test{{0.5}};
  for (int i = 0; i < 20'000; ++i) test.add(1);
  EXPECT_GT(test.log_wealth(), 10'000);
  EXPECT_TRUE(std::isfinite(test.log_wealth()));
  for (int i = 0; i < 200'000; ++i) test.add(0);
  EXPECT_LT(test.log_wealth(), -1000);
  EXPECT_TRUE(std::isfinite(test.log_wealth()));
}

TEST(BettingPValue, IsThatOfTheTest) {
  const Values values{1, -0.5, 0.5, 1, 1, -0.5, 1, 1, 0.5, -0.9};
  EXPECT_NEAR(betting_p_value(values, 0.1, {-0.9, 1}), fed({0.1, {-0.9, 1}, {}}, values).p_value(), 1e-12);
  EXPECT_EQ(betting_p_value({}, 0.1, {0, 1}), 1);
  EXPECT_EQ(betting_p_value(Values{0, 0, 0}, 0.5, {0, 1}), 1) << "a loser's wealth";
}

TEST(MeanLowerBound, IsTheLargestMeanThatIsRejected) {
  std::mt19937_64 random{7};
  const Values values = coins(400, 0.9, random);
  const double bound = mean_lower_bound(values, {0, 1}, 0.05);
  EXPECT_TRUE(fed({bound - 1e-9}, values).rejects(0.05));
  EXPECT_FALSE(fed({bound + 1e-9}, values).rejects(0.05));
  EXPECT_GT(bound, 0.8);
  EXPECT_LT(bound, 0.9);
}

TEST(MeanLowerBound, ReachesTheMeanOfAPopulationThatIsSeenWhole) {
  std::mt19937_64 random{8};
  Values values = coins(50, 0.7, random);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 50;
  EXPECT_NEAR(mean, mean_lower_bound(values, {0, 1}, 0.05, 50), 1e-6);
}

TEST(MeanLowerBound, OfNothingIsTheLeastThatCanBe) {
  EXPECT_EQ(-2, mean_lower_bound({}, {-2, 5}, 0.05));
}

}  // namespace
}  // namespace slm::statistics
