#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

NodeRunner runner(LambdaNode::Work work) {
  return NodeRunner{std::make_unique<LambdaNode>(std::move(work))};
}
NodeRunner async_runner(LambdaAsyncNode::Work work, std::chrono::milliseconds limit = kLimit) {
  return NodeRunner{std::make_unique<LambdaAsyncNode>(std::move(work)), limit};
}

TEST(NodeRunner, TellsTheMessageAndThePort) {
  const auto result = runner([](Message& message) {
                        message.answer.text = message.request.text + "!";
                        message.hop().generated_tokens = 3;
                        return Exit::by(2);
                      }).run({.text = "play"});
  EXPECT_EQ(result.port, 2U);
  EXPECT_FALSE(result.ending);
  EXPECT_EQ(result.message.answer.text, "play!");
  EXPECT_EQ(result.message.trace.at(0).generated_tokens, 3U);
}

TEST(NodeRunner, TellsTheEndingAndItsReason) {
  const auto result = runner([](Message&) { return Exit::abstain("unsure"); }).run(Request{});
  EXPECT_FALSE(result.port);
  EXPECT_EQ(result.ending, OutcomeKind::abstained);
  EXPECT_EQ(result.reason, "unsure");
}

TEST(NodeRunner, WhatANodeThrowsIsAFailure) {
  const auto thrown = runner([](Message&) -> Exit { throw std::runtime_error{"no"}; }).run(Request{});
  EXPECT_EQ(thrown.ending, OutcomeKind::failed);
  EXPECT_EQ(thrown.reason, "no");
  auto at_once = async_runner([](Message&, const AsyncNode::Done&) { throw std::runtime_error{"no"}; });
  EXPECT_EQ(at_once.run(Request{}).reason, "no");
}

TEST(NodeRunner, WaitsForAsynchronousNodes) {
  std::jthread worker;
  const auto result = async_runner([&](Message& message, AsyncNode::Done done) {
                        worker = std::jthread{[&message, done = std::move(done)] {
                          message.answer.text = "later";
                          done(Exit::by(1));
                        }};
                      }).run(Request{});
  EXPECT_EQ(result.port, 1U);
  EXPECT_EQ(result.message.answer.text, "later");
}

TEST(NodeRunner, GivesUpOnANodeThatIsNeverDone) {
  const Held held;
  const auto result = async_runner(held, std::chrono::milliseconds{1}).run(Request{});
  EXPECT_EQ(result.ending, OutcomeKind::failed);
  held.message(0).answer.text = "its message is still there";
  held.release(0);
}

TEST(NodeRunner, JoinsBranches) {
  NodeRunner runner{std::make_unique<LambdaJoin>([](std::span<const Branch>, std::size_t) { return true; },
                                                 [](Message& message, std::span<const Branch> branches) {
                                                   message.answer = branches.back().answer;
                                                   return Exit::by(0);
                                                 })};
  const std::vector<Branch> branches{{.answer = {.text = "a"}}, {.answer = {.text = "b"}}};
  EXPECT_EQ(runner.join({}, branches).message.answer.text, "b");
}

TEST(ManualClock, StandsStillUntilTold) {
  ManualClock clock;
  const auto start = clock.now();
  EXPECT_EQ(clock.now(), start);
  clock.advance(std::chrono::hours{3});
  EXPECT_EQ(clock.now(), start + std::chrono::hours{3});
}

}  // namespace
}  // namespace slm::test
