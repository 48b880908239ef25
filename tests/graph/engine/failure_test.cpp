#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

TEST(EngineFailures, WhatANodeThrowsIsAFailedOutcome) {
  const auto outcome = run(plan(step("filter", {to(1)}), step("draft", {open()}, [](Message&) -> Exit {
                                  throw std::runtime_error{"out of memory on the device"};
                                })));
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "draft: out of memory on the device");
  EXPECT_EQ(path(outcome), (std::vector<std::string>{"filter", "draft"}));
}

TEST(EngineFailures, AnythingMayBeThrown) {
  const auto reason = [](LambdaNode::Work work) { return run(plan(step("n", {}, std::move(work)))).reason; };
  EXPECT_EQ(reason([](Message&) -> Exit { throw std::string{"a string"}; }), "n: a string");
  EXPECT_EQ(reason([](Message&) -> Exit { throw "a literal"; }), "n: a literal");
  EXPECT_EQ(reason([](Message&) -> Exit { throw 42; }), "n: threw something that is no std::exception");
}

TEST(EngineFailures, ANodeMayFailWithoutThrowing) {
  const auto outcome = run(plan(step("draft", {}, [](Message&) { return Exit::fail("no such tool"); })));
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "draft: no such tool");
}

TEST(EngineFailures, TheGraphRunsOn) {
  Outcomes outcomes;
  Engine engine{plan(step("odd", {open()},
                          [](Message& message) {
                            if (message.request.text == "bad") throw std::runtime_error{"bad"};
                            return Exit::by(0);
                          })),
                {}};
  for (int i = 0; i < 1000; ++i) engine.submit({.text = i % 2 ? "bad" : "good"}, outcomes.callback());
  engine.drain();
  EXPECT_EQ(outcomes.size(), 1000U);
  EXPECT_EQ(engine.counts().failed, 500U);
  EXPECT_EQ(engine.counts().answered, 500U);
}

TEST(EngineFailures, ACallbackThatThrowsHarmsNobody) {
  Engine engine{plan(step("only", {open()})), {.max_in_flight = 2}};
  for (int i = 0; i < 10; ++i) engine.submit({}, [](Outcome) { throw std::runtime_error{"mine"}; });
  engine.submit({}, nullptr);
  engine.drain();
  EXPECT_EQ(engine.counts().answered, 11U);
  EXPECT_EQ(engine.counts().in_flight, 0U);
}

}  // namespace
}  // namespace slm::test
