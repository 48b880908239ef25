#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

bool when_all(std::span<const Branch> branches, std::size_t expected) {
  return branches.size() == expected;
}
bool when_any(std::span<const Branch> branches, std::size_t) {
  return !branches.back().ended;
}

/// Says what came: "text" of those that arrived, "kind(reason)" of those that ended, in their order.
Exit tell(Message& message, std::span<const Branch> branches) {
  for (const auto& branch : branches) {
    message.answer.text +=
        branch.ended ? std::string{to_string(*branch.ended)} + "(" + branch.reason + ")" : branch.answer.text;
    message.answer.text += ";";
  }
  return Exit::by(0);
}

LambdaNode::Work says(std::string text) {
  return [text = std::move(text)](Message& message) {
    message.answer.text = text;
    return Exit::by(0);
  };
}

/// Node 0 forks to 1 and 2, which node 3 gathers. One thread, so that branches come in a fixed order.
Outcome run_fork(PlannedNode left, PlannedNode right, Request request = {}) {
  return run(plan(step("fork", {fork({1, 2}, 3)}), std::move(left), std::move(right),
                  join_step("join", {open()}, when_all, tell)),
             std::move(request), {.threads = 1});
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(EngineJoin, GathersTheBranchesOfAFork) {
  const auto outcome = run_fork(step("left", {to(3)}, says("L")), step("right", {to(3)}, says("R")));
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_EQ(outcome.answer.text.size(), 4U);
  EXPECT_TRUE(holds(outcome.answer.text, "L;"));
  EXPECT_TRUE(holds(outcome.answer.text, "R;"));
}

TEST(EngineJoin, TheTraceHasTheBranchesInTheOrderTheyCame) {
  const auto outcome = run_fork(step("left", {to(3)}, says("left")), step("right", {to(3)}, says("right")));
  const auto names = path(outcome);
  ASSERT_EQ(names.size(), 4U);
  EXPECT_EQ(names[0], "fork");
  EXPECT_EQ(outcome.answer.text, names[1] + ";" + names[2] + ";");
  EXPECT_EQ(names[3], "join");
}

TEST(EngineJoin, BranchesThatEndOnTheWayReport) {
  const auto other = [] { return step("right", {to(3)}, says("R")); };
  const auto text = [&](PlannedNode left) { return run_fork(std::move(left), other()).answer.text; };
  EXPECT_TRUE(holds(text(step("left", {}, [](Message&) -> Exit { throw 1; })), "failed(left: threw"));
  EXPECT_TRUE(holds(text(step("left", {open(OutcomeKind::rejected)})), "rejected()"));
  EXPECT_TRUE(holds(text(step("left", {open()})), "answered()"));
  EXPECT_TRUE(
      holds(text(step("left", {}, [](Message&) { return Exit::abstain("?"); })), "abstained(left: ?)"));
  EXPECT_TRUE(holds(text(step("left", {}, [](Message&) { return Exit::expire("x"); })), "expired(left: x)"));
  EXPECT_TRUE(holds(text(step("left", {})), "failed(left: left by a port that it does not have)"));
  EXPECT_TRUE(
      holds(text(async_step("left", {to(3)}, [](Message&, const AsyncNode::Done&) {})), "failed(left: let"));
}

TEST(EngineJoin, JoinsWhenAllBranchesEnded) {
  const auto outcome = run_fork(step("left", {open()}), step("right", {open(OutcomeKind::rejected)}));
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_EQ(path(outcome).back(), "join");
}

TEST(EngineJoin, ABranchMayGoStraightToTheJoin) {
  const auto outcome = run(
      plan(step("fork", {fork({1, 1, 1}, 1)}, says("same")), join_step("join", {open()}, when_all, tell)));
  // The join writes behind what the message said at the fork.
  EXPECT_EQ(outcome.answer.text, "samesame;same;same;");
}

TEST(EngineJoin, LateBranchesReportAndALateTrunkExpires) {
  const auto clock = std::make_shared<ManualClock>();
  std::atomic<int> joined = 0;
  const auto outcome = run(plan(step("fork", {fork({1}, 3)}),
                                step("slow", {to(2)},
                                     [&](Message&) {
                                       clock->advance(std::chrono::seconds{1});
                                       return Exit::by(0);
                                     }),
                                step("never", {to(3)}),
                                join_step("join", {open()}, when_all,
                                          [&](Message&, std::span<const Branch>) {
                                            ++joined;
                                            return Exit::by(0);
                                          })),
                           {.timeout = std::chrono::milliseconds{10}}, {.time = clock});
  EXPECT_EQ(outcome.kind, OutcomeKind::expired);
  EXPECT_EQ(outcome.reason, "late before join");
  EXPECT_EQ(path(outcome), (std::vector<std::string>{"fork", "slow"}));
  EXPECT_EQ(joined, 0);
}

TEST(EngineJoin, NestedForksGatherInsideOut) {
  const auto outcome = run(plan(step("outer", {fork({1, 4}, 5)}),                  //
                                step("inner", {fork({2, 2}, 3)}),                  //
                                step("leaf", {to(3)}, says("leaf")),               //
                                join_step("inner_join", {to(5)}, when_all, tell),  //
                                step("other", {to(5)}, says("other")),             //
                                join_step("outer_join", {open()}, when_all, tell)));
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_TRUE(holds(outcome.answer.text, "leaf;leaf;;"));
  EXPECT_TRUE(holds(outcome.answer.text, "other;"));
  EXPECT_EQ(outcome.trace.size(), 7U);
}

TEST(EngineJoin, WhatItThrowsFailsTheMessageOnly) {
  const auto reason = [](LambdaJoin::Decide decide, LambdaJoin::Join join) {
    Engine engine{plan(step("fork", {fork({1, 1}, 2)}), step("branch", {to(2)}),
                       join_step("join", {open()}, std::move(decide), std::move(join))),
                  {.max_in_flight = 1}};
    auto outcome = run(engine);
    EXPECT_EQ(outcome.kind, OutcomeKind::failed);
    EXPECT_EQ(run(engine).reason, outcome.reason);
    return outcome.reason;
  };
  EXPECT_EQ(reason([](auto, auto) -> bool { throw std::runtime_error{"undecided"}; }, tell),
            "join: undecided");
  EXPECT_EQ(reason(when_all, [](Message&, auto) -> Exit { throw std::runtime_error{"torn"}; }), "join: torn");
}

TEST(EngineJoin, ReachedWithoutAForkItFailsTheMessage) {
  EXPECT_EQ(run(plan(join_step("join", {open()}, when_all, tell))).reason,
            "join: reached by what is no branch of its fork");
}

TEST(EngineJoin, TheFirstAnswerCallsTheOthersOff) {
  const Held quick;
  const Held slow;
  std::atomic<int> after = 0;
  Outcomes outcomes;
  Engine engine{plan(step("fork", {fork({1, 2}, 4)}), async_step("quick", {to(4)}, quick),
                     async_step("slow", {to(3)}, slow),
                     step("after", {to(4)},
                          [&](Message&) {
                            ++after;
                            return Exit::by(0);
                          }),
                     join_step("join", {open()}, when_any, tell)),
                {.max_in_flight = 1}};
  engine.submit({}, outcomes.callback());
  ASSERT_TRUE(slow.wait_for(1) && quick.wait_for(1));
  quick.message(0).answer.text = "quick";
  quick.release(0);
  const auto ended = outcomes.wait_for(1);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].answer.text, "quick;");
  EXPECT_EQ(engine.counts().answered, 1U);
  EXPECT_EQ(engine.counts().in_flight, 0U);

  EXPECT_TRUE(slow.message(0).request.cancelled.stop_requested()) << "the model is told to stop";
  Request request;
  Engine::Callback callback;
  EXPECT_FALSE(engine.try_submit(request, callback)) << "its memory is still held";
  slow.release(0);
  engine.drain();
  EXPECT_EQ(after, 0);
  EXPECT_TRUE(engine.try_submit(request, callback));
  ASSERT_TRUE(slow.wait_for(2) && quick.wait_for(2));
  slow.release(1);
  quick.release(1);
  engine.drain();
  EXPECT_EQ(outcomes.size(), 1U);
}

TEST(EngineJoin, CallingOffReachesInnerForks) {
  const Held quick;
  const Held deep;
  Outcomes outcomes;
  Engine engine{plan(step("outer", {fork({1, 4}, 5)}), step("inner", {fork({2, 2}, 3)}),
                     async_step("deep", {to(3)}, deep), join_step("inner_join", {to(5)}, when_all, tell),
                     async_step("quick", {to(5)}, quick), join_step("outer_join", {open()}, when_any, tell)),
                {.max_in_flight = 1}};
  engine.submit({}, outcomes.callback());
  ASSERT_TRUE(deep.wait_for(2) && quick.wait_for(1));
  quick.release(0);
  ASSERT_EQ(outcomes.wait_for(1).size(), 1U);
  EXPECT_TRUE(deep.message(0).request.cancelled.stop_requested());
  EXPECT_TRUE(deep.message(1).request.cancelled.stop_requested());
  deep.release(1);
  deep.release(0);
  engine.drain();
  EXPECT_EQ(engine.counts().submitted, 1U);
}

TEST(EngineJoin, StoppingTheRequestReachesItsBranches) {
  const Held held;
  std::stop_source stop;
  Outcomes outcomes;
  Engine engine{plan(step("fork", {fork({1, 1}, 2)}), async_step("model", {to(2)}, held),
                     join_step("join", {open()}, when_all, tell)),
                {}};
  engine.submit({.cancelled = stop.get_token()}, outcomes.callback());
  ASSERT_TRUE(held.wait_for(2));
  EXPECT_FALSE(held.message(0).request.cancelled.stop_requested());
  stop.request_stop();
  EXPECT_TRUE(held.message(0).request.cancelled.stop_requested());
  held.release_all();
  const auto ended = outcomes.wait_for(1);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].reason, "cancelled");
}

}  // namespace
}  // namespace slm::test
