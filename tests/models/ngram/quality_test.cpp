#include "models/ngram/quality.h"

#include <gtest/gtest.h>

namespace slm::ngram {
namespace {

using Labels = std::vector<std::uint32_t>;

TEST(Quality, CountsWhatIsRight) {
  const Quality quality = measure_quality(Labels{0, 0, 0, 1, 1, 2}, Labels{0, 0, 1, 1, 1, 1}, 4);
  EXPECT_DOUBLE_EQ(quality.accuracy, 4.0 / 6);
  EXPECT_DOUBLE_EQ(quality.labels[0].precision, 1);
  EXPECT_DOUBLE_EQ(quality.labels[0].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(quality.labels[0].f1, 0.8);
  EXPECT_EQ(quality.labels[0].support, 3U);
  EXPECT_DOUBLE_EQ(quality.labels[1].precision, 0.5);
  EXPECT_DOUBLE_EQ(quality.labels[2].f1, 0);
}

TEST(Quality, AveragesOverLabelsThatOccur) {
  const Quality quality = measure_quality(Labels{0, 1}, Labels{0, 1}, 9);
  EXPECT_DOUBLE_EQ(quality.macro_f1, 1);
}

TEST(Quality, OrdersConfusionsWorstFirst) {
  const Quality quality = measure_quality(Labels{0, 1, 1, 2}, Labels{1, 2, 2, 2}, 3);
  ASSERT_EQ(quality.confusions.size(), 2U);
  EXPECT_EQ(quality.confusions[0].from, 1U);
  EXPECT_EQ(quality.confusions[0].to, 2U);
  EXPECT_EQ(quality.confusions[0].count, 2U);
}

TEST(Quality, OfNothingIsZero) {
  const Quality quality = measure_quality({}, {}, 2);
  EXPECT_EQ(quality.accuracy, 0);
  EXPECT_EQ(quality.macro_f1, 0);
}

}  // namespace
}  // namespace slm::ngram
