#include <gtest/gtest.h>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

using std::chrono::milliseconds;

class EngineDeadlines : public ::testing::Test {
 protected:
  LambdaNode::Work takes(int time_ms) {
    return [this, time_ms](Message&) {
      clock_->advance(milliseconds{time_ms});
      return Exit::by(0);
    };
  }
  EngineOptions options(std::optional<milliseconds> timeout = {}) {
    return {.timeout = timeout, .time = clock_};
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

TEST_F(EngineDeadlines, ALateMessageEndsBeforeItsNextNode) {
  const auto outcome = run(plan(step("slow", {to(1)}, takes(10)), step("draft", {open()})),
                           {.timeout = milliseconds{10}}, options());
  EXPECT_EQ(outcome.kind, OutcomeKind::expired);
  EXPECT_EQ(outcome.reason, "late before draft");
  EXPECT_EQ(path(outcome), (std::vector<std::string>{"slow"}));
}

TEST_F(EngineDeadlines, AMessageInTimeIsAnswered) {
  const auto outcome = run(plan(step("quick", {to(1)}, takes(9)), step("draft", {open()})),
                           {.timeout = milliseconds{10}}, options());
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
}

TEST_F(EngineDeadlines, NoTimeMeansNoNode) {
  const auto outcome = run(plan(step("first", {open()})), {.timeout = milliseconds{0}}, options());
  EXPECT_EQ(outcome.reason, "late before first");
  EXPECT_TRUE(outcome.trace.empty());
}

TEST_F(EngineDeadlines, RequestsWithoutATimeoutTakeTheEngines) {
  const auto make = [&] { return plan(step("slow", {to(1)}, takes(10)), step("next", {open()})); };
  EXPECT_EQ(run(make(), {}, options(milliseconds{5})).kind, OutcomeKind::expired);
  EXPECT_EQ(run(make(), {.timeout = milliseconds{50}}, options(milliseconds{5})).kind, OutcomeKind::answered);
  EXPECT_EQ(run(make(), {}, options()).kind, OutcomeKind::answered);
  EXPECT_EQ(run(make(), {.timeout = milliseconds::max()}, options()).kind, OutcomeKind::answered);
}

TEST_F(EngineDeadlines, AnAsynchronousNodeThatComesBackLateEndsThere) {
  const Held held;
  Outcomes outcomes;
  Engine engine{plan(async_step("model", {open()}, held)), options()};
  engine.submit({.timeout = milliseconds{10}}, outcomes.callback());
  ASSERT_TRUE(held.wait_for(1));
  clock_->advance(milliseconds{11});
  held.release(0);
  const auto ended = outcomes.wait_for(1);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].kind, OutcomeKind::expired);
  EXPECT_EQ(ended[0].reason, "late after model");
  EXPECT_EQ(ended[0].trace[0].left - ended[0].trace[0].entered, milliseconds{11});
}

TEST_F(EngineDeadlines, TheDeadlineTravelsWithTheMessage) {
  Clock::time_point seen;
  run(plan(step("look", {open()},
                [&](Message& message) {
                  seen = message.deadline;
                  return Exit::by(0);
                })),
      {.timeout = milliseconds{7}}, options());
  EXPECT_EQ(seen, clock_->now() + milliseconds{7});
}

TEST(EngineCancellation, AStoppedRequestEndsAtItsNextNode) {
  std::stop_source stop;
  const auto outcome = run(plan(step("stops", {to(1)},
                                     [&](Message&) {
                                       stop.request_stop();
                                       return Exit::by(0);
                                     }),
                                step("never", {open()})),
                           {.cancelled = stop.get_token()});
  EXPECT_EQ(outcome.kind, OutcomeKind::expired);
  EXPECT_EQ(outcome.reason, "cancelled");
  EXPECT_EQ(path(outcome), (std::vector<std::string>{"stops"}));
}

TEST(EngineCancellation, CancelEndsEverythingNowAndLater) {
  const Held held;
  Outcomes outcomes;
  Engine engine{plan(async_step("model", {to(1)}, held), step("next", {open()})), {}};
  for (int i = 0; i < 5; ++i) engine.submit({}, outcomes.callback());
  ASSERT_TRUE(held.wait_for(5));
  engine.cancel();
  engine.submit({}, outcomes.callback());
  held.release_all();
  engine.drain();
  EXPECT_EQ(engine.counts().expired, 6U);
  for (const auto& outcome : outcomes.wait_for(6)) EXPECT_EQ(outcome.reason, "cancelled");
}

}  // namespace
}  // namespace slm::test
