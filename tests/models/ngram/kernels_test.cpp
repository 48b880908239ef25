#include "models/ngram/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace slm::ngram {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Softmax, AgreesWithTheDefinition) {
  for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 151U}) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = 20 * std::sin(static_cast<float>(i));
    std::vector<double> expected;
    for (const float value : values) expected.push_back(std::exp(double{value}));
    const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
    softmax(values);
    for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(values[i], expected[i] / sum, 1e-6) << i;
  }
}

TEST(Softmax, StandsLargeLogits) {
  std::vector<float> values{1e13F, -1e13F, 1e13F};
  softmax(values);
  EXPECT_EQ(values, (std::vector<float>{0.5F, 0, 0.5F}));
}

TEST(Softmax, IsEvenWhereLogitsAreNotFinite) {
  for (const float broken : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values{broken, broken};
    softmax(values);
    EXPECT_EQ(values, (std::vector<float>{0.5F, 0.5F}));
  }
}

TEST(AddScaled, AgreesForBothWeightTypes) {
  std::vector<std::int8_t> small(24);
  std::iota(small.begin(), small.end(), std::int8_t{-12});
  const std::vector<float> wide(small.begin(), small.end());
  std::vector<float> from_small(24, 1), from_wide(24, 1);
  add_scaled(from_small.data(), small.data(), 0.1F, small.size());
  add_scaled(from_wide.data(), wide.data(), 0.1F, wide.size());
  EXPECT_EQ(from_small, from_wide);
  EXPECT_FLOAT_EQ(from_small[23], 1 + 0.1F * 11);
}

}  // namespace
}  // namespace slm::ngram
