#include <gtest/gtest.h>

#include <stdexcept>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

TEST(EngineRouting, AnswersWithWhatTheNodesLeft) {
  const auto outcome = run(plan(step("write", {open()},
                                     [](Message& message) {
                                       message.answer.text = "played " + message.request.text;
                                       return Exit::by(0);
                                     })),
                           {.id = "r7", .text = "jazz"});
  EXPECT_EQ(outcome.id, "r7");
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_EQ(outcome.answer.text, "played jazz");
  EXPECT_EQ(outcome.reason, "");
}

TEST(EngineRouting, FollowsThePortThatTheNodeChose) {
  const auto make = [] {
    return plan(step("gate", {to(1), to(2), open(OutcomeKind::rejected)},
                     [](Message& message) { return Exit::by(message.request.text.size()); }),
                step("first", {open()}), step("second", {open()}));
  };
  EXPECT_EQ(path(run(make(), {.text = ""})), (std::vector<std::string>{"gate", "first"}));
  EXPECT_EQ(path(run(make(), {.text = "1"})), (std::vector<std::string>{"gate", "second"}));
  EXPECT_EQ(run(make(), {.text = "22"}).kind, OutcomeKind::rejected);
  const auto lost = run(make(), {.text = "333"});
  EXPECT_EQ(lost.kind, OutcomeKind::failed);
  EXPECT_EQ(lost.reason, "gate: left by a port that it does not have");
}

TEST(EngineRouting, BeginsAtTheEntry) {
  auto chain = plan(step("last", {open()}), step("first", {to(0)}));
  chain.entry = 1;
  EXPECT_EQ(path(run(std::move(chain))), (std::vector<std::string>{"first", "last"}));
}

TEST(EngineRouting, GivesAReasonWhereTheEndIsNotByDesign) {
  auto escalate = open(OutcomeKind::abstained);
  escalate.name = "escalate";
  EXPECT_EQ(run(plan(step("gate", {escalate}))).reason, "gate: left by `escalate`, where nothing follows");
  const auto unsure = run(plan(step("gate", {}, [](Message&) { return Exit::abstain("unsure"); })));
  EXPECT_EQ(unsure.kind, OutcomeKind::abstained);
  EXPECT_EQ(unsure.reason, "gate: unsure");
}

/// Keeps what it was told.
struct Listener : Witness {
  void ended(const Message& message, OutcomeKind kind) noexcept override {
    heard.push_back(message.answer.text + ' ' + std::string{to_string(kind)});
  }
  std::vector<std::string> heard;
};

PlannedNode witnessed(std::vector<PlannedPort> ports, const std::shared_ptr<Listener>& listener) {
  return step("gate", std::move(ports), [listener](Message& message) {
    message.witnesses.push_back(listener);
    message.answer.text = "guess";
    return Exit::by(0);
  });
}

TEST(EngineRouting, TellsAWitnessHowItsMessageEndedBeforeTheCaller) {
  const auto listener = std::make_shared<Listener>();
  Engine engine{plan(witnessed({to(1)}, listener), step("expert", {open()},
                                                        [](Message& message) {
                                                          if (message.request.text.empty())
                                                            return Exit::fail("nothing to say");
                                                          message.answer.text = "truth";
                                                          return Exit::by(0);
                                                        })),
                {}};
  run(engine, {.text = "?"});
  EXPECT_EQ(listener->heard, std::vector<std::string>{"truth answered"});
  run(engine, {.text = ""});
  EXPECT_EQ(listener->heard.back(), "guess failed");
  EXPECT_EQ(listener->heard.size(), 2U);
}

TEST(EngineRouting, TellsAWitnessOfTheTrunkOnceAndNoneOfABranch) {
  const auto trunk = std::make_shared<Listener>();
  const auto branch = std::make_shared<Listener>();
  run(plan(witnessed({fork({1, 2}, 3)}, trunk), witnessed({to(3)}, branch), step("other", {to(3)}),
           join_step(
               "join", {open()}, [](auto branches, auto expected) { return branches.size() == expected; },
               [](Message&, auto) { return Exit::by(0); })));
  EXPECT_EQ(trunk->heard, std::vector<std::string>{"guess answered"});
  EXPECT_EQ(branch->heard, std::vector<std::string>{});
}

TEST(EngineRouting, TellsNoWitnessOfAMessageThatIsPutOff) {
  const auto listener = std::make_shared<Listener>();
  const auto outcome = run(plan(witnessed({to(1)}, listener), step("held", {open()}, [](Message& message) {
                                  message.is_put_off = true;
                                  return Exit::expire("held for a later run");
                                })));
  EXPECT_TRUE(outcome.is_put_off);
  EXPECT_EQ(listener->heard, std::vector<std::string>{});
}

TEST(EngineRouting, NumbersRequestsWithoutAnId) {
  Engine engine{plan(step("only", {open()})), {}};
  EXPECT_EQ(run(engine).id, "1");
  EXPECT_EQ(run(engine, {.id = "mine"}).id, "mine");
  EXPECT_EQ(run(engine).id, "3");
}

TEST(EngineRouting, TracesWhenEachNodeWasEnteredAndLeft) {
  const auto clock = std::make_shared<ManualClock>();
  const auto takes = [&](int milliseconds) {
    return [clock, milliseconds](Message&) {
      clock->advance(std::chrono::milliseconds{milliseconds});
      return Exit::by(0);
    };
  };
  const auto outcome =
      run(plan(step("a", {to(1)}, takes(2)), step("b", {open()}, takes(3))), {}, {.time = clock});
  ASSERT_EQ(path(outcome), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(outcome.trace[0].left - outcome.trace[0].entered, std::chrono::milliseconds{2});
  EXPECT_EQ(outcome.trace[1].entered, outcome.trace[0].left);
  EXPECT_EQ(outcome.trace[1].left - outcome.trace[1].entered, std::chrono::milliseconds{3});
  EXPECT_EQ(outcome.latency, std::chrono::milliseconds{5});
}

TEST(EngineRouting, NodesWriteTokensAndCostOnTheirHop) {
  const auto outcome = run(plan(step("model", {open()}, [](Message& message) {
    message.hop().generated_tokens = 17;
    message.hop().cost = 0.25;
    return Exit::by(0);
  })));
  ASSERT_EQ(outcome.trace.size(), 1U);
  EXPECT_EQ(outcome.trace[0].generated_tokens, 17U);
  EXPECT_EQ(outcome.trace[0].cost, 0.25);
}

TEST(EngineRouting, OutcomesOutliveTheEngine) {
  Outcome outcome;
  {
    Engine engine{plan(step("a name too long for the string to hold it inside itself", {open()})), {}};
    outcome = run(engine);
  }
  EXPECT_EQ(path(outcome).front(), "a name too long for the string to hold it inside itself");
}

TEST(EngineRouting, RunsChainsLongerThanAStack) {
  constexpr std::size_t kNodes = 50'000;
  Plan chain;
  for (std::size_t i = 0; i < kNodes; ++i) {
    chain.nodes.push_back(step("n", {i + 1 < kNodes ? to(i + 1) : open()}));
  }
  const auto outcome = run(std::move(chain));
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_EQ(outcome.trace.size(), kNodes);
}

TEST(EngineRouting, SurvivesANodeThatClearsTheTrace) {
  const auto outcome = run(plan(step("wipe", {open()}, [](Message& message) {
    message.trace.clear();
    return Exit::by(0);
  })));
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_TRUE(outcome.trace.empty());
}

TEST(EngineRouting, RefusesPlansThatCannotRun) {
  const auto refuses = [](Plan plan) { EXPECT_THROW(Engine(std::move(plan), {}), std::invalid_argument); };
  refuses({});
  refuses(plan(step("to nowhere", {to(1)})));
  refuses(plan(PlannedNode{"empty", std::unique_ptr<Node>{}, {}}));
  auto ungathered = plan(step("fork", {fork({1, 1}, 1)}), step("branch", {open()}));
  refuses(std::move(ungathered));
  auto unnamed =
      plan(step("fork", {{.targets = {1, 1}, .when_open = {}, .gathered_by = {}}}), step("b", {open()}));
  refuses(std::move(unnamed));
  EXPECT_THROW(Engine(plan(step("only", {open()})), {.max_in_flight = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace slm::test
