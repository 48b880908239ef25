// What `agreement` and `self_consistency` say of models that answer alike, differently, or not at all.

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "nodes/same_answer.h"
#include "tests/models/openai/fake_server.h"

namespace slm {
namespace {

using testing::FakeServer;
using testing::Visit;
using Json = nlohmann::json;

TEST(SameAnswer, LooksPastBlanksAndTheWayJsonIsWritten) {
  EXPECT_TRUE(says_the_same("jazz", " jazz\r\n"));
  EXPECT_TRUE(says_the_same("", " \t"));
  EXPECT_TRUE(says_the_same(R"({"a": 1, "b": [true, "\u00e4"]})", R"({"b":[true,"ä"],"a":1.0})"));
  EXPECT_FALSE(says_the_same("jazz", "Jazz"));
  EXPECT_FALSE(says_the_same(R"({"a": [1, 2]})", R"({"a": [2, 1]})"));
  EXPECT_FALSE(says_the_same(R"({"a": 1})", R"({"a": 1)"));
  EXPECT_FALSE(says_the_same("{",
                             "{ "
                             "x"));
}

TEST(SameAnswer, TakesTextsThatNestDeeplyForNoJson) {
  const std::string open(1'000'000, '['), close(1'000'000, ']');
  EXPECT_TRUE(says_the_same(open + close, open + close));
  EXPECT_FALSE(says_the_same(open + close, open + ' ' + close));
}

/// Answers by the temperature that is asked for, which tells an answer from its samples.
class Sampled : public ::testing::Test {
 protected:
  Outcome outcome_of(const std::string& nodes, Request request) {
    register_builtin_nodes();
    const std::string yaml = "pipeline: p\nversion: 1\nentry: a\nmodels:\n  m: { backend: openai, url: '" +
                             server_.url() +
                             "', model: m, logprobs: false, stream: false, retries: 0 }\nnodes:\n" + nodes;
    Graph graph{Pipeline::parse(yaml, "p.yaml")};
    return graph.submit(std::move(request)).get();
  }

  Outcome sampled(const std::string& text) {
    return outcome_of(
        "  a: { type: generate, model: m, prompt: '{text}', samples: 4, sample_temperature: 0.5, to: b }\n"
        "  b: { type: gate, confidence: { signal: self_consistency(4) }, accept: { at_least: 0.75 } }\n",
        {.text = text});
  }

  std::string sample(const std::string& text, std::size_t position) const {
    if (text == "all") return "{\\\"a\\\": 1}";
    return position == 0 ? "other" : "{ \\\"a\\\":1}";
  }

  void answer(Visit& visit) {
    const Json body = Json::parse(visit.body);
    const std::string text = body["messages"][0]["content"];
    if (body["temperature"] == 0) return say(visit, text == "fails" ? "" : "{\\\"a\\\":1}");
    std::size_t position = 0;
    {
      const std::lock_guard lock{mutex_};
      seeds_.push_back(body["seed"]);
      position = seeds_.size() - 1;
    }
    if (text == "one fails" && position == 2) return visit.respond("400 Bad Request", "", "{}");
    say(visit, sample(text, position));
  }

  static void say(Visit& visit, const std::string& text) {
    if (text.empty()) return visit.respond("400 Bad Request", "", "{}");
    visit.respond("200 OK", "",
                  R"({"choices":[{"message":{"content":")" + text +
                      R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})");
  }

  std::mutex mutex_;
  std::vector<std::uint64_t> seeds_;
  FakeServer server_{[this](Visit& visit) { answer(visit); }};
};

TEST_F(Sampled, TheShareOfSamplesThatSayTheSameIsTheConfidence) {
  const Outcome all = sampled("all");
  EXPECT_EQ(all.kind, OutcomeKind::answered) << all.reason;
  EXPECT_EQ(all.answer.text, R"({"a":1})");
  EXPECT_EQ(all.answer.confidence, 1.0);
  seeds_.clear();
  EXPECT_EQ(sampled("most").answer.confidence, 0.75);
}

TEST_F(Sampled, TokensOfSamplesCount) {
  const Outcome outcome = sampled("all");
  EXPECT_EQ(outcome.trace.at(0).prompt_tokens, 15U);
  EXPECT_EQ(outcome.trace.at(0).generated_tokens, 10U);
}

TEST_F(Sampled, SeedsDifferAndComeAgainWithTheRequest) {
  sampled("all");
  std::vector<std::uint64_t> first = std::exchange(seeds_, {});
  std::ranges::sort(first);
  EXPECT_EQ(std::ranges::adjacent_find(first), first.end());
  sampled("all");
  EXPECT_THAT(std::exchange(seeds_, {}), ::testing::UnorderedElementsAreArray(first));
  sampled("most");
  EXPECT_THAT(seeds_, ::testing::Not(::testing::UnorderedElementsAreArray(first)));
}

TEST_F(Sampled, ASampleThatFailsLeavesTheAnswerAndNoEvidence) {
  const Outcome outcome = sampled("one fails");
  EXPECT_EQ(outcome.kind, OutcomeKind::abstained) << outcome.reason;
  EXPECT_EQ(outcome.answer.text, R"({"a":1})");
  EXPECT_FALSE(outcome.answer.confidence);
}

TEST_F(Sampled, AnAnswerThatFailsIsNotReplacedByASample) {
  const Outcome outcome = sampled("fails");
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.trace.at(0).generated_tokens, 8U);
}

TEST_F(Sampled, AnswersAgreeWithThoseOfTheTierBefore) {
  const std::string nodes =
      "  a: { type: generate, model: m, prompt: 'all', to: b }\n"
      "  b: { type: generate, model: m, prompt: '{text}', temperature: 0.5, to: c }\n"
      "  c: { type: gate, confidence: { signal: agreement }, accept: { at_least: 1 } }\n";
  EXPECT_EQ(outcome_of(nodes, {.text = "all"}).kind, OutcomeKind::answered);
  seeds_.clear();
  const Outcome apart = outcome_of(nodes, {.text = "most"});
  EXPECT_EQ(apart.kind, OutcomeKind::abstained) << apart.reason;
  EXPECT_EQ(apart.answer.confidence, 0.0);
}

TEST(CancelledSamples, AreCalledOffWithTheAnswer) {
  register_builtin_nodes();
  std::stop_source cancel;
  std::atomic<int> asked = 0;
  FakeServer server{[&](Visit& visit) {
    if (++asked == 5) cancel.request_stop();
    visit.wait_until_closed();
  }};
  Graph graph{Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n  m: { backend: openai, url: '" + server.url() +
          "', model: m }\nnodes:\n  a: { type: generate, model: m, prompt: '{text}', samples: 4 }\n",
      "p.yaml")};
  EXPECT_EQ(graph.submit({.text = "x", .cancelled = cancel.get_token()}).get().kind, OutcomeKind::expired);
  EXPECT_TRUE(server.is_left());
}

/// Of the assistant: small enough to be here, trained enough to be sure of some requests and unsure of
/// others.
class RealModel : public ::testing::Test {
 protected:
  static std::vector<Outcome> outcomes(const std::string& nodes) {
    register_builtin_nodes();
    const std::string folder = SLM_GRAPH_ASSISTANT;
    Graph graph{Pipeline::parse(
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
        "  small: { backend: llama, file: small-q8_0.gguf, context: 256, slots: 16 }\nnodes:\n" +
            nodes,
        folder + "/p.yaml")};
    std::vector<std::future<Outcome>> pending;
    std::ifstream lines{folder + "/requests.jsonl"};
    std::string line;
    for (int i = 0; i < 12 && std::getline(lines, line); ++i)
      pending.push_back(graph.submit({.text = Json::parse(line)["text"].get<std::string>()}));
    std::vector<Outcome> found;
    for (auto& one : pending) found.push_back(one.get());
    return found;
  }
};

TEST_F(RealModel, SamplesAgreeMoreOrLessAndTheSameInEveryRun) {
  const std::string nodes =
      "  a: { type: generate, model: small, prompt: \"{text}\\n\", schema: tool_call.schema.json,"
      " max_tokens: 96, samples: 5, sample_temperature: 1, to: b }\n"
      "  b: { type: gate, confidence: { signal: self_consistency(5) }, accept: { at_least: 0 } }\n";
  const std::vector<Outcome> first = outcomes(nodes);
  const std::vector<Outcome> second = outcomes(nodes);
  ASSERT_EQ(first.size(), 12U);
  double least = 1, most = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first[i].kind, OutcomeKind::answered) << first[i].reason;
    EXPECT_EQ(first[i].answer.confidence, second[i].answer.confidence) << first[i].answer.text;
    least = std::min(least, first[i].answer.confidence.value());
    most = std::max(most, first[i].answer.confidence.value());
  }
  EXPECT_LT(least, most);
}

}  // namespace
}  // namespace slm
