// Pipelines whose models have a cache: what reaches a real server, and what the outcome tells.

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/llama/tiny_model.h"
#include "tests/models/openai/fake_server.h"

namespace slm {
namespace {

using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Visit;

constexpr const char* kWriter = "  a: { type: generate, model: cloud, prompt: '{text}' }\n";
constexpr const char* kChooser = "  a: { type: classify, model: cloud, choices: ['yes', 'no'] }\n";

class CachedPipeline : public ::testing::Test {
 protected:
  CachedPipeline() { register_builtin_nodes(); }

  std::unique_ptr<Graph> graph(const std::string& cache, const std::string& nodes,
                               GraphOptions options = {}) {
    const std::string yaml =
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
        "  cloud: { backend: openai, url: '" +
        server_.url() +
        "', model: m, logprobs: false, stream: false, retries: 0, price: { call: 2, input: 1000000 }, "
        "watts: 5" +
        cache + " }\nnodes:\n" + nodes;
    options.log = [this](const std::string& line) { log_ += line + "\n"; };
    return std::make_unique<Graph>(Pipeline::parse(yaml, testing::test_folder() / "p.yaml"), options);
  }
  static Outcome outcome_of(Graph& graph, const std::string& text) {
    Outcome outcome = graph.submit({.text = text}).get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
    return outcome;
  }

  FakeServer server_{[this](Visit& visit) {
    const std::string said = says_choice_ ? R"({\"choice\": \"no\"})" : "said";
    visit.respond("200 OK", "",
                  R"({"choices":[{"message":{"content":")" + said +
                      R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}})");
  }};
  bool says_choice_ = false;
  std::string log_;
};

TEST_F(CachedPipeline, SpendsNothingOnWhatIsKnown) {
  const auto graph = this->graph(", cache: {}", kWriter);
  const Outcome first = outcome_of(*graph, "x");
  EXPECT_FALSE(first.trace[0].is_cached);
  EXPECT_EQ(first.trace[0].cost, 2 + 5);
  EXPECT_EQ(first.trace[0].generated_tokens, 3U);
  const Outcome second = outcome_of(*graph, "x");
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_EQ(second.answer.text, "said");
  const Hop& hop = second.trace[0];
  EXPECT_TRUE(hop.is_cached);
  EXPECT_EQ(hop.prompt_tokens + hop.generated_tokens, 0U);
  EXPECT_EQ(hop.cost, 0);
  EXPECT_EQ(hop.energy_j, 0);
  EXPECT_EQ(hop.recorded, std::nullopt);
}

TEST_F(CachedPipeline, KnowsWhatItClassifiedToo) {
  says_choice_ = true;
  const auto graph = this->graph(", cache: {}", kChooser);
  outcome_of(*graph, "x");
  const Outcome second = outcome_of(*graph, "x");
  EXPECT_EQ(second.answer.label, "no");
  EXPECT_TRUE(second.trace[0].is_cached);
  EXPECT_EQ(second.trace[0].prompt_tokens, 0U);
  EXPECT_EQ(second.trace[0].cost, 0);
  EXPECT_EQ(server_.requests(), 1);
}

TEST_F(CachedPipeline, PaysForTheSamplesThatAreNew) {
  const auto ask = [&](const std::string& nodes) {
    const auto graph = this->graph(", cache: { file: samples.cache }", nodes);
    return outcome_of(*graph, "x").trace[0];
  };
  EXPECT_EQ(ask(kWriter).cost, 7);
  const Hop more = ask("  a: { type: generate, model: cloud, prompt: '{text}', samples: 3 }\n");
  EXPECT_TRUE(more.is_cached) << "the answer itself";
  EXPECT_EQ(more.cost, 3 * 7);
  EXPECT_EQ(more.prompt_tokens, 15U);
  EXPECT_EQ(server_.requests(), 4);
}

TEST_F(CachedPipeline, AsksEachTimeWithoutACacheAndWhenItIsTried) {
  const auto plain = this->graph("", kWriter);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(outcome_of(*plain, "x").trace[0].is_cached);
  EXPECT_EQ(server_.requests(), 2);
  const auto trial = this->graph(", cache: { file: trial.cache }", kWriter, {.is_trial = true});
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(outcome_of(*trial, "x").trace[0].is_cached);
  EXPECT_EQ(server_.requests(), 4);
  EXPECT_FALSE(std::filesystem::exists(testing::test_folder() / "trial.cache"));
}

TEST_F(CachedPipeline, KnowsInTheNextRunWhatItsFileHolds) {
  const std::string cache = ", cache: { file: answers.cache }";
  outcome_of(*graph(cache, kWriter), "x");
  EXPECT_TRUE(outcome_of(*graph(cache, kWriter), "x").trace[0].is_cached);
  EXPECT_EQ(server_.requests(), 1);
  // Another prompt, and another model of the same file.
  outcome_of(*graph(cache, "  a: { type: generate, model: cloud, prompt: 'Say {text}' }\n"), "x");
  outcome_of(*graph(", api: chat, strict: false, cache: { file: answers.cache }", kWriter), "x");
  EXPECT_EQ(server_.requests(), 3);

  const auto first = graph(cache, kWriter);
  const auto second = graph(cache, kWriter);
  EXPECT_THAT(log_, HasSubstr("has it open; answers are kept in memory alone"));
  EXPECT_TRUE(outcome_of(*first, "x").trace[0].is_cached);
  EXPECT_FALSE(outcome_of(*second, "x").trace[0].is_cached);
  EXPECT_TRUE(outcome_of(*second, "x").trace[0].is_cached);
}

TEST_F(CachedPipeline, IsRefusedWhereItsFileIsAnothers) {
  testing::write({}, "p.gguf");
  try {
    graph(", cache: { file: p.gguf }", kWriter);
    FAIL() << "it would have been overwritten";
  } catch (const PipelineError& error) {
    EXPECT_THAT(error.problems().front().message,
                ::testing::AllOf(HasSubstr("model `cloud`: cache `"), HasSubstr("this file is no cache")));
  }
}

TEST_F(CachedPipeline, AsksOnceForManyOfTheSameUnderWay) {
  const auto graph = this->graph(", concurrency: 8, cache: {}", kWriter);
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 400; ++i) outcomes.push_back(graph->submit({.text = "text " + std::to_string(i % 4)}));
  int cached = 0;
  double cost = 0;
  for (auto& one : outcomes) {
    const Outcome outcome = one.get();
    EXPECT_EQ(outcome.answer.text, "said") << outcome.reason;
    cached += outcome.trace[0].is_cached ? 1 : 0;
    cost += outcome.trace[0].cost;
  }
  EXPECT_EQ(server_.requests(), 4);
  EXPECT_EQ(cached, 396);
  EXPECT_EQ(cost, 4 * 7);
}

}  // namespace
}  // namespace slm
