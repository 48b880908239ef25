#include "models/pacer.h"

#include <gtest/gtest.h>

#include <future>

namespace slm {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kForever = 1h;
constexpr auto kLimit = 30s;

std::future<std::optional<ModelFailure>> wait(Pacer& pacer, std::chrono::nanoseconds time,
                                              Patience patience = {}) {
  auto promise = std::make_shared<std::promise<std::optional<ModelFailure>>>();
  auto ended = promise->get_future();
  pacer.wait(time, std::move(patience),
             [promise](std::optional<ModelFailure> failure) { promise->set_value(std::move(failure)); });
  return ended;
}

TEST(Pacer, AnswersComeWhenTheirTimeHasPassedTheShortestFirst) {
  Pacer pacer;
  const auto begin = Clock::now();
  auto forever = wait(pacer, kForever);
  auto longer = wait(pacer, 40ms);
  auto shorter = wait(pacer, 20ms);
  ASSERT_EQ(shorter.wait_for(kLimit), std::future_status::ready);
  EXPECT_GE(Clock::now() - begin, 20ms);
  ASSERT_EQ(longer.wait_for(kLimit), std::future_status::ready);
  EXPECT_GE(Clock::now() - begin, 40ms);
  EXPECT_FALSE(longer.get().has_value());
  EXPECT_EQ(forever.wait_for(0s), std::future_status::timeout);
}

TEST(Pacer, ADeadlineEndsTheWaiting) {
  Pacer pacer;
  auto ended = wait(pacer, kForever, {.deadline = Clock::now() + 20ms});
  ASSERT_EQ(ended.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(ended.get().value().kind, ModelFailure::Kind::expired);
}

TEST(Pacer, ACancelledAnswerIsNotWaitedForAndOthersAre) {
  Pacer pacer;
  std::stop_source source;
  std::stop_source stopped;
  stopped.request_stop();
  auto other = wait(pacer, kForever);
  auto before = wait(pacer, kForever, {.cancelled = stopped.get_token()});
  auto cancelled = wait(pacer, kForever, {.cancelled = source.get_token()});
  source.request_stop();
  ASSERT_EQ(before.wait_for(kLimit), std::future_status::ready);
  ASSERT_EQ(cancelled.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(cancelled.get().value().kind, ModelFailure::Kind::cancelled);
  EXPECT_EQ(other.wait_for(0s), std::future_status::timeout);
}

TEST(Pacer, WhatWaitsAtTheEndIsTold) {
  std::future<std::optional<ModelFailure>> ended;
  {
    Pacer pacer;
    ended = wait(pacer, kForever);
  }
  EXPECT_EQ(ended.get().value().kind, ModelFailure::Kind::cancelled);
}

}  // namespace
}  // namespace slm
