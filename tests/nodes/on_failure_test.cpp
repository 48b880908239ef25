// Where a node's `on_failure` sends what its model did not answer, by models that really fail.

#include "nodes/on_failure.h"

#include <gmock/gmock.h>

#include <fstream>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/llama/tiny_model.h"
#include "tests/models/openai/fake_server.h"

namespace slm {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Visit;

void busy(Visit& visit) {
  visit.respond("503 Service Unavailable", "", "");
}
void fall_silent(Visit& visit) {
  visit.wait_until_closed();
}
void answer(Visit& visit) {
  visit.respond("200 OK", "",
                R"({"usage":{"prompt_tokens":3,"completion_tokens":2},)"
                R"("choices":[{"message":{"content":"{\"choice\": \"no\"}"},"finish_reason":"stop"}]})");
}

/// `ask` at a server, and after its failures `instead`, at a model that is here and always says `bb`.
class OnFailureTest : public ::testing::Test {
 protected:
  OnFailureTest() { register_builtin_nodes(); }

  Pipeline pipeline(const std::string& ask, const std::string& remote) const {
    return Pipeline::parse(
        "pipeline: p\nversion: 1\nentry: ask\nmodels:\n"
        "  remote: { " +
            remote + " }\n  here: { backend: llama, file: " + here_.string() +
            ", context: 64, slots: 2, threads: 1 }\nnodes:\n"
            "  ask: { model: remote, on_failure: { to: instead }, " +
            ask +
            " }\n"
            "  instead: { type: generate, model: here, prompt: '{text}', max_tokens: 2 }\n",
        "p.yaml");
  }
  static std::string at(const FakeServer& server) {
    return "backend: openai, url: '" + server.url() + "', model: m, logprobs: false, retries: 0";
  }
  GraphOptions options() {
    GraphOptions options;
    options.log = [this](const std::string& line) {
      const std::lock_guard lock{mutex_};
      log_.push_back(line);
    };
    return options;
  }
  static std::vector<std::string> path_of(const Outcome& outcome) {
    std::vector<std::string> nodes;
    for (const Hop& hop : outcome.trace) nodes.emplace_back(hop.node);
    return nodes;
  }
  static void expect_instead(const Outcome& outcome) {
    EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
    EXPECT_EQ(outcome.answer.text, "bb");
    EXPECT_TRUE(outcome.is_degraded);
    EXPECT_THAT(path_of(outcome), ElementsAre("ask", "instead"));
  }

  const std::filesystem::path here_ =
      testing::write({.follows = {{"a", "b"}, {"b", "b"}}}, "on-failure-here.gguf");
  std::mutex mutex_;
  std::vector<std::string> log_;
};

constexpr const char* kGenerate = "type: generate, prompt: '{text}'";

TEST_F(OnFailureTest, SendsOnWhatTheModelFailedAndTellsSoOnce) {
  FakeServer server{busy};
  {
    Graph graph{pipeline(kGenerate, at(server)), options()};
    for (int i = 0; i < 5; ++i) expect_instead(graph.submit({.text = "a"}).get());
  }
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_THAT(log_[0], HasSubstr("node `ask` failed, so messages go on as `on_failure` says: "));
  EXPECT_THAT(log_[0], HasSubstr("503"));
}

TEST_F(OnFailureTest, OfAClassifierToo) {
  FakeServer server{busy};
  Graph graph{pipeline("type: classify, prompt: '{text}', choices: [yes, no]", at(server)), options()};
  expect_instead(graph.submit({.text = "a"}).get());
}

TEST_F(OnFailureTest, ComesAfterTheLastTry) {
  FakeServer server{busy};
  Graph graph{pipeline(std::string{kGenerate} + ", retry: { unavailable: 2, wait: 1ms }", at(server)),
              options()};
  expect_instead(graph.submit({.text = "a"}).get());
  EXPECT_EQ(server.requests(), 3);
}

TEST_F(OnFailureTest, IsNotForWhatIsAnsweredLateOrCancelled) {
  FakeServer good{answer};
  const Outcome answered = Graph{pipeline(kGenerate, at(good)), options()}.submit({.text = "a"}).get();
  EXPECT_THAT(path_of(answered), ElementsAre("ask"));
  EXPECT_FALSE(answered.is_degraded);

  FakeServer silent{fall_silent};
  Graph graph{pipeline(kGenerate, at(silent)), options()};
  EXPECT_EQ(graph.submit({.text = "a", .timeout = 50ms}).get().kind, OutcomeKind::expired);
  std::stop_source stop;
  auto cancelled = graph.submit({.text = "a", .cancelled = stop.get_token()});
  stop.request_stop();
  EXPECT_EQ(cancelled.get().kind, OutcomeKind::expired);
}

TEST_F(OnFailureTest, KeepsPrivateMessagesHere) {
  FakeServer server{answer};
  Graph graph{pipeline(kGenerate, at(server)), options()};
  expect_instead(graph.submit({.text = "a", .privacy = Privacy::local}).get());
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(OnFailureTest, TakesTheRequestsOfAModelThatCannotBeLoaded) {
  const auto file = testing::write({}, "on-failure-gone.gguf");
  Graph graph{pipeline(kGenerate, "backend: llama, file: " + file.string() +
                                      ", context: 64, slots: 2, threads: 1, load: on_demand"),
              options()};
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  expect_instead(graph.submit({.text = "a"}).get());
}

TEST_F(OnFailureTest, BringsNoEvidenceOfTheNodeThatFailed) {
  FakeServer server{answer};
  const auto problems = [&](const std::string& failed_to) {
    try {
      Pipeline::parse(
          "pipeline: p\nversion: 1\nentry: ask\nmodels:\n  remote: { " + at(server) +
              " }\n  here: { backend: llama, file: " + here_.string() +
              " }\nnodes:\n"
              "  ask: { type: generate, model: here, prompt: '{text}', to: gate, on_failure: { to: " +
              failed_to +
              " } }\n"
              "  gate: { type: gate, confidence: { signal: min_token_prob }, accept: { at_least: "
              "0.5 }, escalate: { to: more } }\n"
              "  more: { type: generate, model: remote, prompt: '{text}' }\n",
          "p.yaml");
      return std::string{};
    } catch (const PipelineError& error) {
      return std::string{error.what()};
    }
  };
  EXPECT_EQ(problems("more"), "");
  EXPECT_THAT(problems("gate"), HasSubstr("min_token_prob"));
}

}  // namespace
}  // namespace slm
