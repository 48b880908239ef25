#include "statistics/change.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace slm::statistics {
namespace {

using Random = std::mt19937_64;

TEST(ChangeBets, AreTheSumOfBetsFromEveryStart) {
  // One strategy, so nothing moves: of every start s, 1 / (s (s + 1)) times the factors since, by hand.
  const std::array factors{2.0, 0.5, 3.0, 1.5};
  ChangeBets bets{1};
  for (const double factor : factors) bets.play(std::array{factor});
  double expected = 1.0 / 5;
  for (std::size_t start = 0; start < factors.size(); ++start) {
    const auto s = static_cast<double>(start + 1);
    double capital = 1 / (s * (s + 1));
    for (std::size_t i = start; i < factors.size(); ++i) capital *= factors[i];
    expected += capital;
  }
  EXPECT_NEAR(bets.capital(), expected, 1e-12);
}

TEST(ChangeBets, NeverLoseMoreThanTheirRounds) {
  ChangeBets bets{2};
  for (int i = 0; i < 999; ++i) bets.play(std::array{0.0, 0.0});
  EXPECT_NEAR(bets.capital(), 1.0 / 1000, 1e-12);
}

TEST(ChangeBets, GoOnWhereOthersWere) {
  ChangeBets bets{2};
  for (int i = 0; i < 10; ++i) bets.play(std::array{1.2, 0.9});
  ChangeBets later{bets.rounds(), bets.stakes()};
  bets.play(std::array{0.5, 1.5});
  later.play(std::array{0.5, 1.5});
  EXPECT_EQ(bets.capital(), later.capital());
}

/// In how many of 200 runs the capital ever reaches 20.
template <class Watch, class Feed>
int alarms(const std::function<Watch()>& make, int rounds, Feed feed) {
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random{seed};
    Watch watch = make();
    for (int i = 0; i < rounds; ++i) {
      feed(watch, random, i);
      if (watch.bets().capital() >= 20) {
        ++count;
        break;
      }
    }
  }
  return count;
}

// At 0.05 each, 200 runs give more than 18 false alarms with a chance of 1 in 100.
constexpr int kFalseAlarms = 18;

int alarms_at(double rate) {
  return alarms<ErrorRateWatch>([] { return ErrorRateWatch{0.05}; }, 2000,
                                [rate](ErrorRateWatch& watch, Random& random, int) {
                                  watch.add(std::bernoulli_distribution{rate}(random));
                                });
}

TEST(ErrorRateWatch, SeldomRaisesAFalseAlarm) {
  EXPECT_LE(alarms_at(0.05), kFalseAlarms);
}

// What the test above would say if the bets were unfair: it can fail.
TEST(ErrorRateWatch, SeesARateThatIsTooHigh) {
  EXPECT_EQ(alarms_at(0.10), 200);
}

TEST(ErrorRateWatch, SeesAChangeAfterALongTimeOfPeace) {
  Random random{1};
  ErrorRateWatch watch{0.05};
  for (int i = 0; i < 200'000; ++i) watch.add(std::bernoulli_distribution{0.02}(random));
  ASSERT_LT(watch.bets().capital(), 0.01);
  int needed = 0;
  while (watch.bets().capital() < 20 && needed < 2000) {
    watch.add(std::bernoulli_distribution{0.2}(random));
    ++needed;
  }
  // ln 20 + 2 ln 200,000 = 27.4, at 0.15 of expected growth an error rate of 0.2 takes 190 on average.
  EXPECT_LT(needed, 500);
  EXPECT_GT(needed, 20);
}

double uniform(Random& random) {
  return std::uniform_real_distribution{}(random);
}

int shift_alarms(const std::function<double(Random&, int)>& number) {
  return alarms<ShiftWatch>([] { return ShiftWatch{}; }, 3000,
                            [&](ShiftWatch& watch, Random& random, int i) {
                              const double one = number(random, i);
                              watch.add(one, uniform(random));
                            });
}

TEST(ShiftWatch, SeldomRaisesAFalseAlarm) {
  EXPECT_LE(shift_alarms([](Random& random, int) { return std::normal_distribution{}(random); }),
            kFalseAlarms);
}

TEST(ShiftWatch, SeldomRaisesAFalseAlarmWhereAlmostAllAreTies) {
  EXPECT_LE(shift_alarms([](Random& random, int) { return uniform(random) < 0.9 ? 1.0 : 0.5; }),
            kFalseAlarms);
  EXPECT_LE(shift_alarms([](Random&, int) { return 1.0; }), kFalseAlarms);
}

TEST(ShiftWatch, SeesNumbersBecomeSmallerOrLarger) {
  for (const double shift : {-0.5, 0.5})
    EXPECT_EQ(shift_alarms([shift](Random& random, int i) {
                return std::normal_distribution{}(random) + (i < 1500 ? 0 : shift);
              }),
              200);
}

TEST(ShiftWatch, SeesThemSpread) {
  EXPECT_EQ(shift_alarms([](Random& random, int i) {
              return std::normal_distribution{}(random) * (i < 1500 ? 1 : 2);
            }),
            200);
}

TEST(ShiftWatch, TakesMissingNumbersForTheLowest) {
  constexpr double kMissing = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(shift_alarms([](Random& random, int i) {
              return i >= 1500 && uniform(random) < 0.3 ? kMissing : uniform(random);
            }),
            200);
}

TEST(ShiftWatch, GoesOnFromItsMemory) {
  Random random{3};
  ShiftWatch watch;
  for (int i = 0; i < 1000; ++i) watch.add(uniform(random), uniform(random));
  ShiftWatch later{watch.memory()};
  watch.add(0.3, 0.5);
  later.add(0.3, 0.5);
  EXPECT_EQ(watch.bets().capital(), later.bets().capital());
}

}  // namespace
}  // namespace slm::statistics
