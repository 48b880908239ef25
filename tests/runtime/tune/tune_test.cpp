#include "runtime/tune/tune.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/tune/certify.h"
#include "tests/runtime/tune/made_trials.h"

namespace slm::runtime {
namespace {

using testing::MadeCascade;

const std::vector<std::string> kModels{"small", "large"};

TuneOptions asking(const char* target, std::optional<double> confidence = {}) {
  TuneOptions options;
  options.target = Target::parse(target);
  options.confidence = confidence;
  return options;
}

TEST(Target, ReadsWhatItWrites) {
  EXPECT_EQ(Target::parse("accuracy=0.95").text(), "accuracy ≥ 0.95");
  EXPECT_EQ(Target::parse("precision:play music=0.9").text(), "precision:play music ≥ 0.9");
  EXPECT_EQ(Target::parse("recall:a=b=0.9").label, "a=b");
}

TEST(Target, RefusesWhatItCannotMean) {
  for (const char* text : {"accuracy", "accuracy=", "accuracy=1", "accuracy=0", "accuracy=x", "accuracy=0.9x",
                           "accuracy=nan", "precision=0.9", "accuracy:label=0.9", "speed=0.9", "=0.5"})
    EXPECT_THROW(Target::parse(text), std::invalid_argument) << text;
}

TEST(BarPath, GoesFromAllEscalatedToAllAccepted) {
  std::mt19937 random{1};
  const MadeCascade cascade{0.95};
  const auto trials = cascade.draw(300, random);
  const ScoredTrials scored{trials, Target::parse("accuracy=0.9"), Spend::calls, 1};
  const auto path = bar_path(scored, cascade.gates());
  EXPECT_EQ(path.front().front().accept, 1);
  EXPECT_EQ(scored.measure(path.front()).spend, 2);
  EXPECT_EQ(scored.measure(path.back()).spend, 1);
  for (std::size_t i = 1; i < path.size(); ++i)
    EXPECT_LE(scored.measure(path[i]).spend, scored.measure(path[i - 1]).spend);
}

TEST(BarLadder, NeedsNoLinesAndLeavesNoWideGap) {
  auto gates = MadeCascade{1}.gates();
  const auto path = bar_ladder(gates);
  EXPECT_EQ(path.front().front().accept, 1);
  EXPECT_LT(path.back().front().accept, 0.003);
  for (std::size_t i = 1; i < path.size(); ++i) {
    EXPECT_LE(path[i].front().accept, path[i - 1].front().accept);
    EXPECT_LT(path[i - 1].front().accept - path[i].front().accept, 0.01);
  }
  gates.front().highest = 0;
  EXPECT_EQ(bar_ladder(gates).front().front().accept, 0);
  EXPECT_LT(bar_ladder(gates).back().front().accept, -100);
}

/// With a second bar that no line can pass, so that there is something to search.
std::vector<TunableGate> gates_to_search(const MadeCascade& cascade) {
  auto gates = cascade.gates();
  gates.front().has_reject = true;
  return gates;
}

TEST(Tune, FindsWhatTryingEveryBarFinds) {
  std::mt19937 random{2};
  const MadeCascade cascade{0.95};
  const auto trials = cascade.draw(400, random);
  const ScoredTrials scored{trials, Target::parse("accuracy=0.85"), Spend::calls, 1};
  double cheapest = 2;
  for (const Trial& trial : trials) {
    const Measured measured = scored.measure({Bars{.accept = *trial.visits.front().confidence}});
    if (measured.mean() >= 0.85) cheapest = std::min(cheapest, measured.spend);
  }
  const TuneResult result = tune(trials, cascade.gates(), kModels, asking("accuracy=0.85"));
  ASSERT_TRUE(result.is_reached);
  EXPECT_GE(result.now.measured.mean(), 0.85);
  EXPECT_NEAR(result.now.measured.spend, cheapest, 0.03);
  EXPECT_EQ(result.now.by_tier[0] + result.now.by_tier[1], trials.size());
}

TEST(Tune, KeepsToABudget) {
  std::mt19937 random{3};
  const MadeCascade cascade{0.95};
  TuneOptions options;
  options.budget = Budget{Spend::calls, 1.5};
  const TuneResult result = tune(cascade.draw(400, random), cascade.gates(), kModels, options);
  ASSERT_TRUE(result.is_reached);
  EXPECT_LE(result.now.measured.spend, 1.5);
  EXPECT_GT(result.now.measured.spend, 1.45) << "it leaves what would buy more";
  options.budget->most = 0.5;
  const TuneResult poor = tune(cascade.draw(400, random), cascade.gates(), kModels, options);
  EXPECT_FALSE(poor.is_reached);
  EXPECT_EQ(poor.why_not, "no bars keep to the budget; the cheapest spend 1 a line");
}

TEST(Tune, SaysBeforehandThatLinesAreTooFew) {
  const TuneOptions options = asking("accuracy=0.95", 0.95);
  const auto one_bar = MadeCascade{1}.gates();
  auto two_bars = one_bar;
  two_bars.front().has_reject = true;
  EXPECT_EQ(
      why_too_few(options, two_bars, 60),
      "accuracy ≥ 0.95 with confidence 0.95 cannot be certified on 45 lines, were all of them right; it "
      "takes 79 labelled lines at least");
  EXPECT_EQ(why_too_few(options, two_bars, 79), "");
  EXPECT_NE(why_too_few(options, one_bar, 58), "");
  EXPECT_EQ(why_too_few(options, one_bar, 59), "");
  EXPECT_EQ(why_too_few(asking("accuracy=0.95"), two_bars, 1), "");
}

TEST(Tune, SaysHowManyLinesItWouldTake) {
  std::mt19937 random{4};
  const MadeCascade cascade{1};
  auto trials = cascade.draw(400, random);
  for (std::size_t i = 0; i < trials.size(); ++i)
    for (Ending& ending : trials[i].endings) ending.is_right = i % 13 != 0;
  const TuneResult close = tune(trials, cascade.gates(), kModels, asking("accuracy=0.91", 0.95));
  EXPECT_FALSE(close.is_reached);
  EXPECT_NE(close.why_not.find("labelled lines would do"), std::string::npos) << close.why_not;
  const TuneResult never = tune(trials, cascade.gates(), kModels, asking("accuracy=0.97", 0.95));
  EXPECT_FALSE(never.is_reached);
  EXPECT_NE(never.why_not.find("no number of lines would do"), std::string::npos) << never.why_not;
}

TEST(Tune, GivesTheSameForTheSameSeed) {
  std::mt19937 random{5};
  const MadeCascade cascade{0.95};
  const auto trials = cascade.draw(500, random);
  const TuneOptions options = asking("relative=0.9", 0.9);
  EXPECT_EQ(tune(trials, cascade.gates(), kModels, options).now.bars,
            tune(trials, cascade.gates(), kModels, options).now.bars);
}

/// How often the truth is below the target, of the tunings that reached it.
struct Promises {
  int made = 0;
  int broken = 0;
  double accepted = 0;
};

template <class TrueNumber>
Promises promises(const MadeCascade& cascade, const std::vector<TunableGate>& gates,
                  const TuneOptions& options, std::size_t lines, int repetitions, const TrueNumber& is_kept) {
  Promises found;
  std::mt19937 random{6};
  for (int i = 0; i < repetitions; ++i) {
    TuneOptions seeded = options;
    seeded.seed = static_cast<std::uint64_t>(i);
    const TuneResult result = tune(cascade.draw(lines, random), gates, kModels, seeded);
    if (!result.is_reached) continue;
    ++found.made;
    const double bar = result.now.bars.front().accept;
    found.accepted += 1 - std::min(bar, 1.0);
    if (!is_kept(bar)) ++found.broken;
  }
  return found;
}

// Of 1,000 tunings of which each breaks its promise with probability 0.05, more than 72 do once in a
// thousand.
constexpr int kTunings = 1000;
constexpr int kMostBroken = 72;

TEST(Guarantee, OfAccuracyHoldsAsOftenAsItSays) {
  const MadeCascade cascade{0.95};
  const auto kept = [&](double bar) { return cascade.accuracy(bar) >= 0.85; };
  const Promises found =
      promises(cascade, cascade.gates(), asking("accuracy=0.85", 0.95), 400, kTunings, kept);
  EXPECT_EQ(found.made, kTunings);
  EXPECT_LE(found.broken, kMostBroken);
  EXPECT_GT(found.accepted / found.made, 0.2) << "a promise that never accepts is worth nothing";
}

TEST(Guarantee, HoldsWhereBarsWereSearched) {
  const MadeCascade cascade{0.95};
  const auto kept = [&](double bar) { return cascade.accuracy(bar) >= 0.85; };
  const Promises found =
      promises(cascade, gates_to_search(cascade), asking("accuracy=0.85", 0.95), 400, kTunings, kept);
  EXPECT_GE(found.made, kTunings - 5);  // tests that begin amid the best bars fail now and then
  EXPECT_LE(found.broken, kMostBroken);
  EXPECT_GT(found.accepted / found.made, 0.2);
}

TEST(Guarantee, OfAShareOfTheTopTierHoldsAsOftenAsItSays) {
  const MadeCascade cascade{0.8};
  const auto kept = [&](double bar) { return cascade.accuracy(bar) >= 0.9 * 0.8; };
  const Promises found = promises(cascade, cascade.gates(), asking("relative=0.9", 0.95), 400, 200, kept);
  EXPECT_EQ(found.made, 200);
  EXPECT_LE(found.broken, 21);
  EXPECT_GT(found.accepted / found.made, 0.2);
}

TEST(Guarantee, IsBrokenWhereTheTestIsLeftOut) {
  const MadeCascade cascade{0.95};
  const auto kept = [&](double bar) { return cascade.accuracy(bar) >= 0.85; };
  const Promises found = promises(cascade, cascade.gates(), asking("accuracy=0.85"), 400, kTunings, kept);
  EXPECT_GT(found.broken, 3 * kMostBroken) << "these tests could not see it";
}

TEST(Certify, StopsAtTheFirstTestThatFails) {
  std::mt19937 random{7};
  const MadeCascade cascade{0.95};
  const auto trials = cascade.draw(1000, random);
  const Target target = Target::parse("accuracy=0.85");
  const ScoredTrials scored{trials, target, Spend::calls, 1};
  const std::vector<std::vector<Bars>> path{
      {Bars{.accept = 0.9}}, {Bars{.accept = 0.1}}, {Bars{.accept = 0.95}}};
  EXPECT_EQ(last_certified(path, scored, target, 0.05), 0U);
  EXPECT_EQ(last_certified({path[1], path[0]}, scored, target, 0.05), std::nullopt);
}

}  // namespace
}  // namespace slm::runtime
