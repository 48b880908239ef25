#include "runtime/evaluate/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "runtime/evaluate/comparison_report.h"
#include "tests/runtime/evaluate/made_lines.h"

namespace slm::runtime {
namespace {

using testing::made_line;
using testing::made_lines;

constexpr auto kLatency = static_cast<std::size_t>(Measure::latency_ms);
constexpr auto kCost = static_cast<std::size_t>(Measure::cost);

/// Two runs of which only the first is right on so many lines, only the second, both, and neither.
std::pair<JudgedLines, JudgedLines> runs(std::size_t first, std::size_t second, std::size_t both,
                                         std::size_t neither) {
  std::pair<JudgedLines, JudgedLines> result;
  const auto add = [&](std::size_t count, bool is_first, bool is_second) {
    for (std::size_t i = 0; i < count; ++i) {
      result.first.push_back(made_line(is_first));
      result.second.push_back(made_line(is_second));
    }
  };
  add(first, true, false);
  add(second, false, true);
  add(both, true, true);
  add(neither, false, false);
  return result;
}

TEST(Comparison, OfRightAndWrongIsMcNemars) {
  const auto [first, second] = runs(12, 3, 60, 25);
  const Comparison found = compare(first, second, {});
  EXPECT_EQ(found.both, 100U);
  EXPECT_EQ(found.judged, 100U);
  EXPECT_EQ(found.right.only_first, 12U);
  EXPECT_EQ(found.right.only_second, 3U);
  double p_value = 0;  // 2 Σ C(15, k) / 2^15 for k ≤ 3
  for (const double ways : {1.0, 15.0, 105.0, 455.0}) p_value += 2 * ways / 32768;
  EXPECT_NEAR(found.accuracy->paired.p_value, p_value, 1e-12);
  EXPECT_TRUE(found.accuracy->is_shown);
  EXPECT_NEAR(found.accuracy->first, 0.72, 1e-12);
  EXPECT_NEAR(found.accuracy->second, 0.63, 1e-12);
  EXPECT_NEAR(found.accuracy->paired.mean, 0.09, 1e-12);
  EXPECT_GT(found.accuracy->paired.interval.low, 0);
  EXPECT_FALSE(compare(first, second, {.confidence = 0.99}).accuracy->is_shown);
}

TEST(Comparison, SaysHowManyLinesWouldShowIt) {
  const auto [first, second] = runs(6, 2, 20, 12);
  const Comparison found = compare(first, second, {});
  EXPECT_FALSE(found.accuracy->is_shown);
  EXPECT_EQ(found.accuracy->lines_to_show, 150U);  // (1.959964 + 0.841621)² 0.19 / 0.1²
  const std::string text = comparison_text(found, "a", "b");
  EXPECT_NE(text.find("do not show which is more accurate; about 110 lines more would"), std::string::npos)
      << text;
}

TEST(Comparison, TiesAreNoDifference) {
  const auto [first, second] = runs(5, 5, 20, 20);
  const Comparison found = compare(first, second, {});
  EXPECT_EQ(found.accuracy->paired.p_value, 1);
  EXPECT_EQ(found.accuracy->lines_to_show, std::nullopt);
  EXPECT_NE(comparison_text(found, "a", "b").find("they come out even"), std::string::npos);
  EXPECT_EQ(found.means[kCost]->paired.interval, statistics::Interval{}) << "the same cost on every line";
}

TEST(Comparison, IsOfLinesThatBothHaveAndJudge) {
  auto [first, second] = runs(1, 1, 4, 4);
  first[0].reset();
  second[1].reset();
  second[2].reset();
  first[3]->is_right.reset();
  const Comparison found = compare(first, second, {});
  EXPECT_EQ(found.only_first, 2U);
  EXPECT_EQ(found.only_second, 1U);
  EXPECT_EQ(found.both, 7U);
  EXPECT_EQ(found.judged, 6U);
  EXPECT_EQ(found.right.only_first + found.right.only_second, 0U);
}

TEST(Comparison, OfNothingIsNothing) {
  const Comparison found = compare(JudgedLines(3), made_lines(3, 1, 1), {});
  EXPECT_EQ(found.both, 0U);
  EXPECT_FALSE(found.accuracy.has_value());
  EXPECT_FALSE(found.means[kCost].has_value());
  EXPECT_NE(comparison_text(found, "a", "b").find("3 lines that only b has"), std::string::npos);
}

TEST(Comparison, NamesTheBetterOfTheTwo) {
  auto [first, second] = runs(1, 30, 60, 9);
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[i]->measures[kLatency] = 10.0 + static_cast<double>(i % 3);
    second[i]->measures[kLatency] = 20;
    first[i]->measures[kCost] = 0.2;
    second[i]->measures[kCost] = 0.1;
  }
  const std::string text = comparison_text(compare(first, second, {}), "a", "b");
  EXPECT_NE(text.find("b is more accurate"), std::string::npos) << text;
  EXPECT_NE(text.find("a is faster"), std::string::npos) << text;
  EXPECT_NE(text.find("b is cheaper"), std::string::npos) << text;
}

// Of 400 comparisons of equals of which each errs with probability 0.05 at most, more than 33 do less than
// once in a thousand.
TEST(Comparison, ShowsNoDifferenceBetweenEqualsOftenerThanItMay) {
  int accuracy = 0, latency = 0;
  std::mt19937 random{9};
  for (unsigned i = 0; i < 400; ++i) {
    JudgedLines first = made_lines(60, 0.8, 2 * i), second = made_lines(60, 0.8, 2 * i + 1);
    for (auto* lines : {&first, &second})
      for (auto& line : *lines) line->measures[kLatency] = static_cast<double>(random() % 1000);
    const Comparison found = compare(first, second, {.resamples = 400});
    accuracy += found.accuracy->is_shown ? 1 : 0;
    latency += found.means[kLatency]->is_shown ? 1 : 0;
  }
  EXPECT_LE(accuracy, 33);
  EXPECT_LE(latency, 33);
  EXPECT_GT(latency, 5) << "a test that never errs shows nothing";
}

TEST(Comparison, FindsATrueDifferenceWithTheLinesItAskedFor) {
  // 0.9 and 0.8, independent of each other: what they differ by has variance 0.25.
  const auto draw = [](std::size_t count, unsigned seed) {
    return std::pair{made_lines(count, 0.9, 2 * seed), made_lines(count, 0.8, 2 * seed + 1)};
  };
  const double formula = std::pow(1.959964 + 0.841621, 2) * (0.09 + 0.16) / 0.01;
  int shown = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const auto [first, second] = draw(static_cast<std::size_t>(std::ceil(formula)), i);
    shown += compare(first, second, {.resamples = 100}).accuracy->is_shown ? 1 : 0;
  }
  EXPECT_NEAR(shown / 300.0, 0.8, 0.08);
}

}  // namespace
}  // namespace slm::runtime
