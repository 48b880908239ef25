#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

Outcome run_async(LambdaAsyncNode::Work work) {
  return run(plan(async_step("model", {to(1)}, std::move(work)), step("next", {open()})));
}

TEST(EngineAsync, ContinuesWhenAForeignThreadIsDone) {
  std::jthread model;
  const auto outcome = run_async([&](Message& message, AsyncNode::Done done) {
    model = std::jthread{[&message, done = std::move(done)] {
      message.answer.text = "from afar";
      done(Exit::by(0));
    }};
  });
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_EQ(outcome.answer.text, "from afar");
  EXPECT_EQ(path(outcome), (std::vector<std::string>{"model", "next"}));
}

TEST(EngineAsync, MayBeDoneBeforeItReturns) {
  const auto outcome = run_async([](Message&, const AsyncNode::Done& done) { done(Exit::by(0)); });
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
}

TEST(EngineAsync, WhatItThrowsIsAFailedOutcome) {
  const auto outcome =
      run_async([](Message&, const AsyncNode::Done&) { throw std::runtime_error{"no slots"}; });
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "model: no slots");
}

TEST(EngineAsync, ThrowingAfterDoneChangesNothing) {
  const auto outcome = run_async([](Message&, const AsyncNode::Done& done) {
    done(Exit::by(0));
    throw std::runtime_error{"too late"};
  });
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
}

TEST(EngineAsync, DoneAfterThrowingChangesNothing) {
  AsyncNode::Done kept;
  const auto outcome = run_async([&](Message&, AsyncNode::Done done) {
    kept = std::move(done);
    throw std::runtime_error{"no"};
  });
  kept(Exit::by(0));  // the engine is gone already
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
}

TEST(EngineAsync, TheFirstDoneCounts) {
  Engine engine{plan(async_step("model", {open()},
                                [](Message&, const AsyncNode::Done& done) {
                                  done(Exit::fail("first"));
                                  done(Exit::by(0));
                                })),
                {}};
  EXPECT_EQ(run(engine).reason, "model: first");
  engine.drain();
  EXPECT_EQ(engine.counts().submitted, 1U);
  EXPECT_EQ(engine.counts().failed, 1U);
}

TEST(EngineAsync, DoneFromManyThreadsAtOnceEndsTheMessageOnce) {
  Outcomes outcomes;
  Engine engine{plan(async_step("model", {open()},
                                [](Message&, const AsyncNode::Done& done) {
                                  std::jthread one{[done] { done(Exit::by(0)); }};
                                  std::jthread other{[done] { done(Exit::by(0)); }};
                                })),
                {}};
  for (int i = 0; i < 100; ++i) engine.submit({}, outcomes.callback());
  engine.drain();
  EXPECT_EQ(outcomes.size(), 100U);
  EXPECT_EQ(engine.counts().answered, 100U);
}

TEST(EngineAsync, AMessageThatIsLetGoOfFails) {
  const auto outcome = run_async([](Message&, const AsyncNode::Done&) {});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "model: let go of the message without finishing it");
}

TEST(EngineAsync, ManyMessagesWaitAtOnceOnFewThreads) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.threads = 1}};
  for (int i = 0; i < 300; ++i) engine.submit({}, nullptr);
  ASSERT_TRUE(held.wait_for(300));
  EXPECT_EQ(engine.counts().in_flight, 300U);
  held.release_all();
  engine.drain();
  EXPECT_EQ(engine.counts().answered, 300U);
}

}  // namespace
}  // namespace slm::test
