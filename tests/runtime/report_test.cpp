#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "runtime/progress.h"
#include "runtime/report/latency_histogram.h"
#include "runtime/report/numbers.h"
#include "runtime/report/summary.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogram, PercentilesAreWithinOnePercentOfTheTrueOnes) {
  LatencyHistogram histogram;
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> latencies{12, 3};
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20000; ++i) {
    all.push_back(static_cast<std::int64_t>(latencies(random)));
    histogram.add(std::chrono::nanoseconds{all.back()});
  }
  std::ranges::sort(all);
  for (const double quantile : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(all[static_cast<std::size_t>(quantile * 20000) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.at(quantile).count()), exact, exact * 0.01 + 1) << quantile;
  }
  EXPECT_EQ(histogram.max().count(), all.back());
  EXPECT_LE(histogram.at(1).count(), all.back());
}

TEST(LatencyHistogram, NothingAndOneAndTheLongestHold) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.at(0.5), 0ns);
  histogram.add(1500ns);
  EXPECT_NEAR(static_cast<double>(histogram.at(0.5).count()), 1500, 12);
  histogram.add(std::chrono::nanoseconds::max());
  histogram.add(-5ns);
  EXPECT_EQ(histogram.count(), 3U);
}

TEST(Numbers, ReadAsPeopleWriteThem) {
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(123), "123");
  EXPECT_EQ(duration(12'345us), "12.3 ms");
  EXPECT_EQ(duration(999ns), "999 ns");
  EXPECT_EQ(duration(200s), "3 min 20 s");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
  EXPECT_EQ(percent(1, 3), "33.3 %");
  EXPECT_EQ(percent(0, 0), "–");
  EXPECT_EQ(counted(1, "request"), "1 request");
  EXPECT_EQ(counted(0, "request"), "no requests");
}

PipelineSpec two_tiers() {
  PipelineSpec spec;
  spec.models = {ModelSpec{.name = "nano"}, ModelSpec{.name = "medium"}};
  spec.nodes = {NodeSpec{.name = "filter"}, NodeSpec{.name = "expert"}};
  spec.nodes[0].models = {"nano"};
  spec.nodes[1].models = {"medium"};
  return spec;
}

Outcome answered(const std::string& tier, std::vector<Hop> trace) {
  Outcome outcome;
  outcome.kind = OutcomeKind::answered;
  outcome.answer.tier = tier;
  outcome.trace = std::move(trace);
  return outcome;
}

TEST(Summary, TellsWhatTheTopTierAloneWouldHaveTaken) {
  Summary summary{two_tiers()};
  EXPECT_FALSE(summary.all_to_top());
  for (int i = 0; i < 3; ++i) summary.add(answered("nano", {Hop{.node = "filter", .cost = 0.1}}), {});
  EXPECT_FALSE(summary.all_to_top()) << "it was never called, so nobody knows";
  summary.add(answered("medium",
                       {Hop{.node = "filter", .cost = 0.1}, Hop{.node = "expert", .cost = 2, .energy_j = 5}}),
              {});
  const auto all = summary.all_to_top();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->tier, "medium");
  EXPECT_DOUBLE_EQ(all->cost, 8);
  EXPECT_DOUBLE_EQ(all->energy_j, 20);
}

TEST(Summary, GoesOnWithWhatWasSaved) {
  Summary earlier{two_tiers()};
  earlier.add(
      answered("medium",
               {Hop{.node = "expert", .prompt_tokens = 7, .generated_tokens = 3, .cost = 2, .energy_j = 5}}),
      {.label = "music"});
  Outcome failed;
  failed.kind = OutcomeKind::failed;
  earlier.add_unread(failed, {});
  Summary later{two_tiers()};
  later.restore(earlier.saved());
  EXPECT_EQ(later.saved(), earlier.saved());
  EXPECT_EQ(later.total(), 2U);
  EXPECT_EQ(later.count(OutcomeKind::failed), 1U);
  EXPECT_EQ(later.accuracy().judged, 1U);
  EXPECT_EQ(later.tiers().at(1).calls, 1U);
  EXPECT_EQ(later.tiers().at(1).generated_tokens, 3U);
  EXPECT_DOUBLE_EQ(later.tiers().at(1).cost, 2);
  EXPECT_EQ(later.tiers().at(1).answered, 1U);
}

TEST(TextTable, ColumnsAlignByWhatIsSeen) {
  Table table{{{"tier"}, {"share", Table::Align::right}}};
  table.add({"näno", "–"});
  table.add({"x", "12 %"});
  EXPECT_EQ(table.to_string(2),
            "  tier  share\n"
            "  näno      –\n"
            "  x      12 %\n");
}

TEST(ProgressText, TheBarFitsTheTerminalAndFillsWithTheWork) {
  const Terminal terminal{.is_terminal = true, .has_colours = false, .columns = 60};
  const ProgressText text{"request", terminal};
  const auto half = text.bar({.done = 50, .total = 100}, 5s);
  EXPECT_LT(display_width(half), 60U);
  EXPECT_NE(half.find("50 of 100 requests, 50 %, 10/s, 5 s left"), std::string::npos) << half;
  const auto count = [](const std::string& bar) { return std::ranges::count(bar, '\x81'); };
  EXPECT_LT(count(half), count(text.bar({.done = 100, .total = 100}, 5s)));
  EXPECT_LT(display_width(ProgressText("request", {.is_terminal = true, .columns = 20}).bar({.done = 5}, 1s)),
            20U);
}

TEST(ProgressText, TheBarHasDetailsWhereThereIsRoom) {
  const ProgressState state{.done = 50, .total = 100, .details = "nano 80.0 %, 1 failed"};
  const auto bar_of = [&](int columns) {
    return ProgressText{"request", {.is_terminal = true, .has_colours = false, .columns = columns}}.bar(state,
                                                                                                        5s);
  };
  EXPECT_NE(bar_of(80).find("5 s left; nano 80.0 %, 1 failed"), std::string::npos);
  EXPECT_LT(display_width(bar_of(80)), 80U);
  EXPECT_TRUE(bar_of(60).ends_with("5 s left")) << bar_of(60);
}

TEST(ProgressText, PlainLinesComeAtEveryTenthAndNeverMoreThanOneASecond) {
  ProgressText text{"request", {}};
  EXPECT_FALSE(text.line({.done = 5, .total = 100}, 2s)) << "too little done";
  EXPECT_TRUE(text.line({.done = 10, .total = 100}, 3s));
  EXPECT_FALSE(text.line({.done = 20, .total = 100}, 3500ms)) << "too soon";
  EXPECT_TRUE(text.line({.done = 20, .total = 100}, 4s));
  EXPECT_FALSE(text.line({.done = 21, .total = 100}, 63s));
  EXPECT_EQ(text.line({.done = 21, .total = 100, .details = "nano 80.0 %"}, 64s),
            "21 of 100 requests, 21 %, 0.328/s, 4 min 0 s left; nano 80.0 %")
      << "a sign of life";
}

TEST(Terminal, PaintsNothingWhereThereAreNoColours) {
  EXPECT_EQ(painted({.is_terminal = true, .has_colours = false}, Paint::red, "x"), "x");
  EXPECT_EQ(painted({.is_terminal = true, .has_colours = true}, Paint::red, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace slm::runtime
