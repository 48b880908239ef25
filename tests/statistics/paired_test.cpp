#include "statistics/paired.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "statistics/binomial.h"

namespace slm::statistics {
namespace {

using Values = std::vector<double>;

TEST(McNemar, CountsOnlyWhatOneAloneGotRight) {
  std::vector<bool> first(100, true), second(100, true);
  for (std::size_t i = 0; i < 5; ++i) first[i] = false;
  for (std::size_t i = 50; i < 64; ++i) second[i] = false;
  first[90] = second[90] = false;
  const McNemar result = mcnemar(first, second);
  EXPECT_EQ(14U, result.only_first);
  EXPECT_EQ(5U, result.only_second);
  EXPECT_NEAR(0.063568115234375, result.p_value, 1e-12);  // scipy.stats.binomtest(14, 19)
}

TEST(McNemar, NothingToTellThemApartIsNoEvidence) {
  EXPECT_EQ(1, mcnemar({true, false}, {true, false}).p_value);
  EXPECT_EQ(1, mcnemar({true, false}, {false, true}).p_value);
  EXPECT_EQ(1, mcnemar({}, {}).p_value);
}

TEST(PairedDifference, FewPairsAreEnumerated) {
  const Values first{1.3, 0.9, 1.5, 1.2, 1, 1.4, 0.95, 1.25, 1.1};
  const PairedDifference result = compare_paired(first, Values(9, 1.0));
  EXPECT_NEAR(1.6 / 9, result.mean, 1e-12);
  EXPECT_NEAR(0.046875, result.p_value, 1e-12);  // all 2^8 signs in numpy
  EXPECT_GT(result.mean, result.interval.low);
  EXPECT_LT(result.mean, result.interval.high);
}

TEST(PairedDifference, OneDirectionAloneIsAsRareAsItsSigns) {
  EXPECT_NEAR(2 / 1024.0, compare_paired(Values(10, 0.3), Values(10, 0.1)).p_value, 1e-12);
}

TEST(PairedDifference, ManyPairsAreDrawnAndComeNear) {
  // Twenty ones against four: the sign-flip test of equal differences is the sign test.
  Values first(30, 0.0), second(30, 0.0);
  std::fill_n(first.begin(), 20, 1.0);
  std::fill_n(second.begin() + 20, 4, 1.0);
  const double exact = 2 * binomial::p_value(20, 24, 0.5);
  EXPECT_NEAR(exact, compare_paired(first, second, {.resamples = 100'000}).p_value, 5e-4);
}

TEST(PairedDifference, ADrawnPValueIsNeverZero) {
  EXPECT_NEAR(1 / 1001.0, compare_paired(Values(40, 2.0), Values(40, 1.0), {.resamples = 1000}).p_value,
              1e-12);
}

TEST(PairedDifference, WhatIsTheSameEverywhereMayStillDifferElsewhere) {
  const Values answers{1, 1, 0, 1, 0, 1, 1, 1, 1, 1};
  const PairedDifference result = compare_paired(answers, answers);
  EXPECT_EQ(0, result.mean);
  EXPECT_EQ(1, result.p_value);
  EXPECT_NEAR(0.3085, result.interval.high, 1e-4);  // Clopper and Pearson for 0 of 10
  EXPECT_EQ(-result.interval.high, result.interval.low);
  EXPECT_EQ(Interval{}, compare_paired(Values{3, 4}, Values{3, 4}).interval);
}

TEST(PairedDifference, FalseAlarmsAreNoMoreOftenThanTheyMayBe) {
  std::mt19937_64 random{3};
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const auto share_below = [&](double shift) {
    int alarms = 0;
    for (int i = 0; i < 500; ++i) {
      Values first(25), second(25);
      for (double& value : first) value = uniform() + shift;
      for (double& value : second) value = uniform();
      alarms += compare_paired(first, second, {.resamples = 200}).p_value <= 0.1 ? 1 : 0;
    }
    return alarms / 500.0;
  };
  EXPECT_NEAR(0.1, share_below(0), 0.035);
  EXPECT_GT(share_below(0.2), 0.5);
}

TEST(PairsToShow, AreAsManyAsTheFormulaSays) {
  Values first(40, 0.0), second(40, 0.0);
  std::fill_n(first.begin(), 6, 1.0);
  std::fill_n(second.begin() + 6, 2, 1.0);
  EXPECT_EQ(150U, pairs_to_show(first, second, 0.05, 0.8));  // (1.959964 + 0.841621)² 0.19 / 0.1²
  EXPECT_EQ(150U, pairs_to_show(second, first, 0.05, 0.8));
  EXPECT_EQ(std::nullopt, pairs_to_show(first, first, 0.05, 0.8));
  EXPECT_EQ(std::nullopt, pairs_to_show(Values{0, 1}, Values{1, 0}, 0.05, 0.8));
  EXPECT_EQ(1U, pairs_to_show(Values{2, 3}, Values{1, 2}, 0.05, 0.8));
}

TEST(PairsToShow, ShowAsOftenAsAsked) {
  std::mt19937_64 random{4};
  // Differences of ±1 of mean 0.3.
  const auto draw = [&](std::size_t count) {
    Values differences(count);
    for (double& value : differences) value = static_cast<double>(random() >> 11) * 0x1p-53 < 0.65 ? 1 : -1;
    return differences;
  };
  const Values seen = draw(100'000);
  const std::size_t count = pairs_to_show(seen, Values(seen.size()), 0.05, 0.8).value();
  int shown = 0;
  for (int i = 0; i < 500; ++i)
    shown += compare_paired(draw(count), Values(count), {.resamples = 200}).p_value <= 0.05 ? 1 : 0;
  EXPECT_NEAR(0.8, shown / 500.0, 0.06);
}

}  // namespace
}  // namespace slm::statistics
