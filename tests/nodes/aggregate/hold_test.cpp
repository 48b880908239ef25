#include "nodes/aggregate/hold.h"

#include <gtest/gtest.h>

#include <limits>

namespace slm::aggregate {
namespace {

using namespace std::chrono_literals;
using Keys = std::vector<Hold::Key>;

constexpr Clock::time_point kStart{1h};

/// A hold and a clock that a test sets.
class HoldTest : public ::testing::Test {
 protected:
  void begin(const HoldOptions& options) { hold_.emplace(options); }
  void add(Hold::Key key, std::optional<Clock::duration> until_deadline = {}, std::uint64_t bytes = 1) {
    Hold::Item item{.key = key, .since = now_, .bytes = bytes};
    if (until_deadline) item.deadline = now_ + *until_deadline;
    hold_->add(item);
  }
  Keys released(bool is_open = true) { return hold_->leave(now_, is_open).released; }
  Keys expired(bool is_open = false) { return hold_->leave(now_, is_open).expired; }
  /// How long after now; nothing where it waits for news alone.
  std::optional<Clock::duration> next(bool is_open) const {
    const auto next = hold_->next(now_, is_open);
    return next == Clock::time_point::max() ? std::nullopt : std::optional{next - now_};
  }

  std::optional<Hold> hold_;
  Clock::time_point now_ = kStart;
};

TEST_F(HoldTest, WithoutBoundsEachMessageIsABatch) {
  begin({});
  add(1);
  EXPECT_EQ(released(), Keys{1});
  EXPECT_EQ(hold_->size(), 0U);
}

TEST_F(HoldTest, HoldsUntilThereAreEnough) {
  begin({.max_items = 3, .max_wait = 8h});
  add(1);
  add(2);
  EXPECT_EQ(released(), Keys{});
  add(3);
  EXPECT_EQ(released(), (Keys{1, 2, 3}));
  add(4);
  EXPECT_EQ(released(), Keys{}) << "which is a batch of its own";
}

TEST_F(HoldTest, HoldsUntilTheyAreLargeEnough) {
  begin({.max_bytes = 100, .max_wait = 8h});
  add(1, {}, 60);
  EXPECT_EQ(released(), Keys{});
  hold_->remove(1);
  add(2, {}, 60);
  EXPECT_EQ(released(), Keys{}) << "what was taken out does not count";
  add(3, {}, 40);
  EXPECT_EQ(released(), (Keys{2, 3}));
}

TEST_F(HoldTest, HoldsUntilTheFirstHasWaitedLongEnough) {
  begin({.max_items = 100, .max_wait = 1h});
  add(1);
  now_ += 30min;
  add(2);
  EXPECT_EQ(next(true), 30min);
  now_ += 30min - 1ns;
  EXPECT_EQ(released(), Keys{});
  now_ += 1ns;
  EXPECT_EQ(released(), (Keys{1, 2}));
  EXPECT_EQ(next(true), std::nullopt);
}

TEST_F(HoldTest, HoldsNoLongerThanWhatCouldFillTheBatchMayCome) {
  begin({.max_items = 100, .max_wait = 8h});
  add(1);
  hold_->no_more();
  EXPECT_EQ(released(false), Keys{}) << "the window counts all the same";
  EXPECT_EQ(released(), Keys{1});
}

TEST_F(HoldTest, ABatchWaitsForItsWindowAndStaysOne) {
  begin({.max_items = 2, .max_wait = 8h, .rate = Rate{1}});
  add(1);
  add(2);
  EXPECT_EQ(released(false), Keys{});
  EXPECT_EQ(next(false), std::nullopt) << "the window is all that it waits for";
  EXPECT_EQ(released(true), Keys{1});
  now_ += 1h;
  EXPECT_EQ(released(false), Keys{}) << "the window has closed on the way";
  add(3);
  EXPECT_EQ(released(true), Keys{2}) << "one alone would be no batch";
  now_ += 1h;
  EXPECT_EQ(released(true), Keys{}) << "and 3 is none";
}

TEST_F(HoldTest, TheMostUrgentGoesFirstAndThenTheOldest) {
  begin({.max_items = 5, .max_wait = 8h});
  add(1);
  now_ += 1s;
  add(2);
  add(3, 2h);
  add(4, 1h);
  now_ += 1s;
  add(5, 2h - 1s);
  EXPECT_EQ(released(), (Keys{4, 3, 5, 1, 2}));
}

TEST_F(HoldTest, NoMoreGoThanTheRateAllows) {
  begin({.rate = Rate{50}});
  for (Hold::Key key = 0; key < 200; ++key) add(key);
  EXPECT_EQ(released().size(), 1U) << "the first one has not to wait";
  EXPECT_EQ(next(true), 20ms);
  std::size_t gone = 1;
  for (int step = 0; step < 1000; ++step) {
    now_ += 1ms;
    gone += released().size();
  }
  EXPECT_EQ(gone, 51U);
  now_ += 1s;
  EXPECT_EQ(released().size(), 1U) << "what a thread slept through is not caught up";
}

TEST_F(HoldTest, AHighRateIsKeptByAThreadThatWakesLate) {
  begin({.rate = Rate{10'000}});
  for (Hold::Key key = 0; key < 3000; ++key) add(key);
  std::size_t gone = released().size();
  for (int step = 0; step < 100; ++step) {
    now_ += 1ms;
    gone += released().size();
  }
  EXPECT_EQ(gone, 1001U);
}

TEST_F(HoldTest, AnUrgentMessageGoesBeforeItsDeadlineWhateverTheWindow) {
  begin({.max_items = 100, .max_wait = 8h, .urgent_before = 30s});
  add(1, 10min);
  add(2, 20min);
  add(3);
  EXPECT_EQ(next(false), 9min + 30s);
  now_ += 9min + 30s - 1ns;
  EXPECT_EQ(released(false), Keys{});
  now_ += 1ns;
  EXPECT_EQ(released(false), Keys{1});
  EXPECT_EQ(next(false), 10min);
}

TEST_F(HoldTest, UrgentMessagesKeepToTheRate) {
  begin({.rate = Rate{10}, .urgent_before = 30s});
  add(1, 20s);
  add(2, 10s);
  EXPECT_EQ(released(false), Keys{2});
  EXPECT_EQ(next(false), 100ms);
  now_ += 100ms;
  EXPECT_EQ(released(false), Keys{1});
}

TEST_F(HoldTest, AMessageThatIsHeldExpiresAtItsDeadline) {
  begin({.max_items = 100, .max_wait = 8h});
  add(1, 10min);
  EXPECT_EQ(next(false), 10min);
  now_ += 10min - 1ns;
  EXPECT_EQ(expired(), Keys{});
  now_ += 1ns;
  EXPECT_EQ(expired(), Keys{1});
  EXPECT_EQ(hold_->size(), 0U);
}

TEST_F(HoldTest, AnExpiredMessageDoesNotGoThoughItsWindowOpens) {
  begin({.urgent_before = 30s});
  add(1, 10min);
  now_ += 10min;
  const auto leaving = hold_->leave(now_, true);
  EXPECT_EQ(leaving.expired, Keys{1});
  EXPECT_EQ(leaving.released, Keys{});
}

TEST_F(HoldTest, WhatAnEarlierRunLetGoGoesAtOnce) {
  begin({.max_items = 100, .max_wait = 8h});
  hold_->add({.key = 1, .since = now_ - 1h, .was_let_go = true});
  add(2);
  EXPECT_EQ(next(false), 0ns);
  EXPECT_EQ(released(false), Keys{1});
}

TEST_F(HoldTest, WhatAnEarlierRunHeldKeepsItsAge) {
  begin({.max_items = 100, .max_wait = 8h});
  add(1);
  hold_->add({.key = 2, .since = now_ - 7h});
  EXPECT_EQ(next(true), 1h);
  now_ += 1h;
  EXPECT_EQ(released(), (Keys{2, 1}));
}

TEST_F(HoldTest, NothingIsHeldOnceItIsTakenOut) {
  begin({.max_items = 2, .max_wait = 8h, .urgent_before = 30s});
  add(1, 10min);
  add(2);
  EXPECT_EQ(released(false), Keys{});
  hold_->remove(1);
  hold_->remove(2);
  hold_->remove(3);
  now_ += 9h;
  const auto leaving = hold_->leave(now_, true);
  EXPECT_TRUE(leaving.released.empty() && leaving.expired.empty());
  EXPECT_EQ(next(true), std::nullopt);
}

}  // namespace
}  // namespace slm::aggregate
