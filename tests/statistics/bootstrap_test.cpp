#include "statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <vector>

namespace slm::statistics {
namespace {

using Values = std::vector<double>;

const Values kValues{0.2, 1.7, 3.1, 0.4, 0.9, 5.6, 2.2, 0.1, 1.3, 0.8, 7.9, 1.1, 0.6, 2.8, 0.3};

constexpr auto kPercentile = BootstrapOptions::Method::percentile;

Statistic spread_of(const Values& values) {
  return [&values](std::span<const std::size_t> positions) {
    double sum = 0, squares = 0;
    for (const std::size_t position : positions) {
      sum += values[position];
      squares += values[position] * values[position];
    }
    const auto count = static_cast<double>(positions.size());
    return std::sqrt(std::max(0.0, squares / count - sum * sum / count / count));
  };
}

void expect_near(const Interval& expected, const Interval& actual, double tolerance) {
  EXPECT_NEAR(expected.low, actual.low, tolerance);
  EXPECT_NEAR(expected.high, actual.high, tolerance);
}

Values zeros_and_ones(std::size_t zeros, std::size_t ones) {
  Values values(zeros, 0.0);
  values.resize(zeros + ones, 1.0);
  return values;
}

// The expected intervals are those of scipy.stats.bootstrap 1.10 with 400,000 resamples.

TEST(Bootstrap, BcaOfAMeanIsThatOfAReference) {
  expect_near({1.2333, 3.1733}, bootstrap_mean(kValues, {.confidence = 0.9, .resamples = 200'000}), 0.02);
}

TEST(Bootstrap, PercentilesOfAMeanAreThoseOfAReference) {
  expect_near({1.1, 2.9067},
              bootstrap_mean(kValues, {.method = kPercentile, .confidence = 0.9, .resamples = 200'000}),
              0.02);
}

TEST(Bootstrap, AnyStatisticIsResampledAsInAReference) {
  const Statistic spread = spread_of(kValues);
  expect_near({1.351, 3.1464}, bootstrap(kValues.size(), spread, {.confidence = 0.9, .resamples = 200'000}),
              0.03);
  expect_near(
      {0.8929, 2.8321},
      bootstrap(kValues.size(), spread, {.method = kPercentile, .confidence = 0.9, .resamples = 200'000}),
      0.03);
}

TEST(Bootstrap, AMeanAsAnyStatisticIsTheSame) {
  const Statistic mean = [](std::span<const std::size_t> positions) {
    double sum = 0;
    for (const std::size_t position : positions) sum += kValues[position];
    return sum / static_cast<double>(positions.size());
  };
  expect_near(bootstrap_mean(kValues), bootstrap(kValues.size(), mean), 1e-12);
}

TEST(Bootstrap, TheSeedAloneDecides) {
  EXPECT_EQ(bootstrap_mean(kValues, {.seed = 5}), bootstrap_mean(kValues, {.seed = 5}));
  EXPECT_NE(bootstrap_mean(kValues, {.seed = 5}), bootstrap_mean(kValues, {.seed = 6}));
}

TEST(Bootstrap, ARateTakesTheBinomialsQuantiles) {
  // BCa's formula and binom.ppf by scipy; 400,000 resamples of scipy.stats.bootstrap give the same.
  const Values values = zeros_and_ones(8, 37);
  expect_near({31 / 45.0, 41 / 45.0}, bootstrap_mean(values), 1e-12);
  expect_near({32 / 45.0, 42 / 45.0}, bootstrap_mean(values, {.method = kPercentile}), 1e-12);
}

TEST(Bootstrap, ARateWithoutVarianceIsNoPoint) {
  expect_near({0.8315665, 1}, bootstrap_mean(zeros_and_ones(0, 20)), 1e-6);  // Clopper and Pearson
  expect_near({0, 0.1684335}, bootstrap_mean(zeros_and_ones(20, 0)), 1e-6);
}

TEST(Bootstrap, ValuesThatAreAllAlikeGiveAPoint) {
  EXPECT_EQ((Interval{2.5, 2.5}), bootstrap_mean(Values(30, 2.5)));
  EXPECT_EQ((Interval{2.5, 2.5}), bootstrap_mean(Values{2.5}));
  EXPECT_EQ((Interval{7, 7}), bootstrap(9, [](auto) { return 7.0; }));
}

TEST(Bootstrap, ARareValueDoesNotBreakTheFormula) {
  Values values(200, 0.0);
  values.back() = 1000;
  const Interval interval = bootstrap_mean(values);
  EXPECT_TRUE(std::isfinite(interval.low) && std::isfinite(interval.high));
  EXPECT_LE(interval.low, 5);
  EXPECT_GE(interval.high, 5);
}

TEST(Bootstrap, OfAQuantileIsWhatResamplingGives) {
  Values counts(1000);
  std::iota(counts.begin(), counts.end(), 1.0);
  const auto first = [&](std::size_t count) { return std::span{counts}.first(count); };
  // binom.sf of scipy, tried for every count.
  EXPECT_EQ((Interval{14, 26}), bootstrap_quantile(first(40), 0.5, 0.95));
  EXPECT_EQ((Interval{31, 39}), bootstrap_quantile(first(40), 0.9, 0.95));
  EXPECT_EQ((Interval{96, 101}), bootstrap_quantile(first(101), 0.99, 0.95));
  EXPECT_EQ((Interval{880, 917}), bootstrap_quantile(first(1000), 0.9, 0.95));

  const auto ninth = [](std::span<const std::size_t> positions) {
    std::vector<std::size_t> drawn{positions.begin(), positions.end()};
    std::ranges::nth_element(drawn, drawn.begin() + 26);
    return static_cast<double>(drawn[26] + 1);
  };
  const Interval drawn = bootstrap(30, ninth, {.method = kPercentile, .resamples = 100'000});
  EXPECT_EQ(drawn, bootstrap_quantile(first(30), 0.9, 0.95));
}

TEST(Bootstrap, AQuantileIsAValueThatSoManyDoNotExceed) {
  const Values values{1, 2, 2, 8};
  EXPECT_EQ(1, quantile(values, 0.25));
  EXPECT_EQ(2, quantile(values, 0.5));
  EXPECT_EQ(8, quantile(values, 0.76));
  EXPECT_EQ(8, quantile(values, 1));
  EXPECT_EQ((Interval{8, 8}), bootstrap_quantile(Values{8}, 0.5, 0.95));
}

/// The share of simulated samples whose interval holds the true mean.
double coverage(double true_mean, const std::function<double(std::mt19937_64&)>& draw) {
  std::mt19937_64 random{11};
  int covered = 0;
  for (int i = 0; i < 1000; ++i) {
    Values values(60);
    std::generate(values.begin(), values.end(), [&] { return draw(random); });
    const Interval interval = bootstrap_mean(values, {.confidence = 0.9, .resamples = 500});
    covered += interval.low <= true_mean && true_mean <= interval.high ? 1 : 0;
  }
  return covered / 1000.0;
}

double uniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
}

TEST(Bootstrap, CoversTheMeanAboutAsOftenAsItSays) {
  EXPECT_NEAR(0.9, coverage(1, [](auto& random) { return -std::log(uniform(random)); }), 0.035);
  EXPECT_NEAR(0.92, coverage(0.8, [](auto& random) { return uniform(random) < 0.8 ? 1.0 : 0.0; }), 0.04);
}

}  // namespace
}  // namespace slm::statistics
