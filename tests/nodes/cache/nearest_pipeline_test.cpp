// Pipelines whose models answer near questions from their cache, with a real server that answers and embeds.
// It embeds `ask 30` as the point at 30 degrees of the unit circle: those within 8 degrees have a cosine of
// 0.99.

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "nodes/link/sqlite.h"
#include "tests/models/llama/tiny_model.h"
#include "tests/models/openai/fake_server.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

using namespace std::chrono_literals;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Visit;
using Json = nlohmann::json;

class NearestPipeline : public ::testing::Test {
 protected:
  NearestPipeline() { register_builtin_nodes(); }

  /// `nearest` without its model, and what else the cache has.
  std::unique_ptr<Graph> graph(
      const std::string& nearest, const std::string& cache = "",
      const std::string& nodes = "a: { type: generate, model: cloud, prompt: '{text}' }",
      const std::string& embedder = "points", bool is_trial = false) {
    const auto server = [](const FakeServer& at) {
      return "{ backend: openai, url: '" + at.url() + "', logprobs: false, stream: false, retries: 0, ";
    };
    const std::string yaml =
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n  points: " + server(embedder_) + "model: " + embedder +
        " }\n  cloud: " + server(server_) + "model: m, price: { call: 1 }, cache: { " + cache +
        "nearest: { model: points, at_least: 0.99, " + nearest + " } } }\nnodes:\n  " + nodes + "\n";
    GraphOptions options;
    options.is_trial = is_trial;
    options.log = [this](const std::string& line) { log_ += line + "\n"; };
    return std::make_unique<Graph>(Pipeline::parse(yaml, folder_ / "p.yaml"), options);
  }
  static Outcome outcome_of(Graph& graph, Request request) {
    Outcome outcome = graph.submit(std::move(request)).get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
    return outcome;
  }
  static Hop hop_of(Graph& graph, const std::string& text) {
    return outcome_of(graph, {.text = text}).trace.front();
  }

  void embed(Visit& visit) {
    ++embedded_;
    if (is_embedder_down_) return visit.respond("500 Internal Server Error", "", "down");
    const std::string text = Json::parse(visit.body).at("input");
    const double angle = std::stod(text.substr(text.find(' '))) * M_PI / 180;
    std::vector<double> point{std::cos(angle), std::sin(angle)};
    point.resize(static_cast<std::size_t>(width_));
    visit.respond("200 OK", "", Json{{"data", {{{"embedding", point}}}}}.dump());
  }
  void answer(Visit& visit) const {
    const Json body = Json::parse(visit.body);
    const std::string prompt = body.at("messages").at(0).at("content");
    const std::string said = body.contains("response_format") ? R"({"choice": "no"})" : said_ + prompt;
    visit.respond("200 OK", "",
                  Json{{"choices", {{{"message", {{"content", said}}}, {"finish_reason", "stop"}}}}}.dump());
  }

  testing::TemporaryFolder folder_;
  std::atomic<int> embedded_ = 0;
  std::atomic<bool> is_embedder_down_ = false;
  int width_ = 2;
  std::string said_ = "said to ";
  FakeServer embedder_{[this](Visit& visit) { embed(visit); }};
  FakeServer server_{[this](Visit& visit) { answer(visit); }};
  std::string log_;
};

TEST_F(NearestPipeline, GivesTheAnswerToAQuestionThatIsNearEnough) {
  const auto graph = this->graph("audit: 0%");
  EXPECT_EQ(hop_of(*graph, "ask 30").nearest, 0);
  const Outcome near = outcome_of(*graph, {.text = "ask 35"});
  EXPECT_EQ(near.answer.text, "said to ask 30");
  EXPECT_TRUE(near.trace.front().is_cached);
  EXPECT_NEAR(near.trace.front().nearest, std::cos(5 * M_PI / 180), 1e-5);
  EXPECT_EQ(near.trace.front().cost, 0);
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_FALSE(hop_of(*graph, "ask 40").is_cached) << "what a neighbour answered is no neighbour itself";
  EXPECT_EQ(outcome_of(*graph, {.text = "ask 36"}).answer.text, "said to ask 40") << "the nearest";
  const Hop same = hop_of(*graph, "ask 30");
  EXPECT_TRUE(same.is_cached);
  EXPECT_EQ(same.nearest, 0);
  EXPECT_EQ(embedded_, 4) << "the same question is not embedded again";
}

TEST_F(NearestPipeline, ComparesOnlyWhatDiffersInTheTextAlone) {
  const auto graph = this->graph(
      "audit: 0%", "",
      "a: { type: route, by: fields.way, cases: { one: [b], two: [c], three: [d] }, otherwise: b }\n"
      "  b: { type: generate, model: cloud, prompt: 'As {fields.way}: {text}' }\n"
      "  c: { type: generate, model: cloud, prompt: 'As {fields.way}: {text}', max_tokens: 5 }\n"
      "  d: { type: classify, model: cloud, choices: [yes, no] }");
  const auto nearest = [&](const std::string& text, const std::string& way) {
    return outcome_of(*graph, {.text = text, .fields = {{"way", way}}}).trace.back().nearest;
  };
  EXPECT_EQ(nearest("ask 30", "one"), 0);
  EXPECT_EQ(nearest("ask 31", "other"), 0) << "another value in the prompt";
  EXPECT_EQ(nearest("ask 32", "two"), 0) << "other options";
  EXPECT_EQ(nearest("ask 33", "three"), 0) << "another kind of answer";
  EXPECT_GT(nearest("ask 34", "one"), 0.99);
  EXPECT_GT(nearest("ask 34", "three"), 0.99);
  EXPECT_EQ(server_.requests(), 4);
}

TEST_F(NearestPipeline, AsksTheModelWhereNothingEmbeds) {
  const auto graph = this->graph("audit: 0%");
  is_embedder_down_ = true;
  for (const char* text : {"ask 30", "ask 31", "ask 32"})
    EXPECT_EQ(outcome_of(*graph, {.text = text}).answer.text, std::string{"said to "} + text);
  EXPECT_EQ(embedded_, 1) << "who is down is left alone for a while";
  EXPECT_THAT(log_, HasSubstr("the embedding of a question failed: "));
  EXPECT_EQ(std::ranges::count(log_, '\n'), 1);
}

TEST_F(NearestPipeline, HoldsADeadlineWhileItEmbeds) {
  FakeServer slow{[&](Visit& visit) { visit.wait_until_closed(); }};
  const std::string yaml =
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n  points: { backend: openai, url: '" + slow.url() +
      "', model: points }\n  cloud: { backend: openai, url: '" + server_.url() +
      "', model: m, logprobs: false, stream: false, cache: { nearest: { model: points, at_least: 0.99 } } }\n"
      "nodes:\n  a: { type: generate, model: cloud, prompt: '{text}' }\n";
  Graph graph{Pipeline::parse(yaml, folder_ / "p.yaml")};
  EXPECT_EQ(graph.submit({.text = "ask 30", .timeout = 50ms}).get().kind, OutcomeKind::expired);
  EXPECT_EQ(server_.requests(), 0);
  // Who has time is not kept by what embeds.
  EXPECT_EQ(graph.submit({.text = "ask 31", .timeout = 60s}).get().kind, OutcomeKind::answered);
}

TEST_F(NearestPipeline, SendsNoPrivateTextToWhatEmbedsElsewhere) {
  const std::string yaml = "pipeline: p\nversion: 1\nentry: a\nmodels:\n  points: { backend: openai, url: '" +
                           embedder_.url() + "', model: points }\n  here: { backend: llama, file: '" +
                           testing::write({}, "nearest.gguf").string() +
                           "', cache: { nearest: { model: points, at_least: 0.99, audit: 0% } } }\n"
                           "nodes:\n  a: { type: generate, model: here, prompt: '{text}', max_tokens: 4 }\n";
  Graph graph{Pipeline::parse(yaml, folder_ / "p.yaml")};
  outcome_of(graph, {.text = "ask 30", .privacy = Privacy::local});
  outcome_of(graph, {.text = "ask 31", .privacy = Privacy::local});
  EXPECT_EQ(embedded_, 0);
  outcome_of(graph, {.text = "ask 32"});
  EXPECT_GT(outcome_of(graph, {.text = "ask 33"}).trace.front().nearest, 0.99);
  EXPECT_EQ(embedded_, 2);
}

TEST_F(NearestPipeline, ClosesWhereTheAuditFindsTooManyWrong) {
  const std::string file = "file: a.cache, ";
  {
    const auto graph = this->graph("audit: 100%, max_error: 5%", file);
    hop_of(*graph, "ask 30");
    // Each of them is audited, and the model says something else.
    for (int i = 0; i < 50 && log_.empty(); ++i)
      EXPECT_FALSE(hop_of(*graph, "ask 30.0" + std::to_string(i)).is_cached);
    EXPECT_THAT(log_, HasSubstr("cache of model `cloud`: "));
    EXPECT_THAT(log_, HasSubstr("such answers are given no more"));
  }
  const int embedded = embedded_;
  log_.clear();
  {
    const auto again = this->graph("audit: 0%, max_error: 5%", file);
    EXPECT_FALSE(hop_of(*again, "ask 31").is_cached);
    EXPECT_EQ(embedded_, embedded) << "in vain";
    EXPECT_THAT(log_, HasSubstr("such answers are given no more")) << "its file knows";
  }
  EXPECT_TRUE(hop_of(*this->graph("audit: 0%, max_error: 20%", file), "ask 32").is_cached)
      << "another setting begins anew";
}

TEST_F(NearestPipeline, StaysOpenWhereTheModelSaysTheSame) {
  const auto graph =
      this->graph("audit: 100%", "", "a: { type: classify, model: cloud, choices: [yes, no] }");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(hop_of(*graph, "ask 30.0" + std::to_string(i)).is_cached);
  EXPECT_EQ(log_, "");
}

TEST_F(NearestPipeline, EmbedsNothingTwiceOverRestarts) {
  const std::string file = "file: a.cache, ";
  hop_of(*graph("audit: 0%", file), "ask 30");
  EXPECT_GT(hop_of(*graph("audit: 0%", file), "ask 35").nearest, 0.99);
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_EQ(embedded_, 2);
  // By another model, and one whose width has changed: only the same question is known.
  EXPECT_FALSE(
      hop_of(*graph("audit: 0%", file, "a: { type: generate, model: cloud, prompt: '{text}' }", "others"),
             "ask 34")
          .is_cached);
  width_ = 3;
  EXPECT_FALSE(hop_of(*graph("audit: 0%", file), "ask 33").is_cached);
  EXPECT_TRUE(hop_of(*graph("audit: 0%", file), "ask 30").is_cached);
}

TEST_F(NearestPipeline, OpensAFileWithoutEmbeddings) {
  const std::string file = "file: a.cache, ";
  hop_of(*graph("audit: 0%", file), "ask 30");
  {
    link::Database database{folder_ / "a.cache", link::Database::Access::read_write};
    database.execute("DROP TABLE embeddings; DROP TABLE audits");
  }
  const auto graph = this->graph("audit: 0%", file);
  EXPECT_TRUE(hop_of(*graph, "ask 30").is_cached);
  EXPECT_EQ(hop_of(*graph, "ask 31").nearest, 0);
  EXPECT_GT(hop_of(*graph, "ask 32").nearest, 0.99);
  EXPECT_EQ(log_, "");
}

TEST_F(NearestPipeline, ForgetsWhatIsNoLongerKept) {
  const auto graph = this->graph("audit: 0%", "max_items: 1, ");
  hop_of(*graph, "ask 30");
  hop_of(*graph, "ask 90");
  EXPECT_EQ(hop_of(*graph, "ask 31").nearest, 0);
}

TEST_F(NearestPipeline, ComparesNothingWhereItIsTried) {
  const auto graph =
      this->graph("audit: 0%", "", "a: { type: generate, model: cloud, prompt: '{text}' }", "points", true);
  for (const char* text : {"ask 30", "ask 31"}) EXPECT_FALSE(hop_of(*graph, text).is_cached);
  EXPECT_EQ(embedded_, 0);
}

TEST_F(NearestPipeline, NeedsNoModelToCompareWords) {
  const std::string yaml =
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n  cloud: { backend: openai, url: '" + server_.url() +
      "', model: m, logprobs: false, stream: false, cache: { nearest: { at_least: 0.7, "
      "audit: 0% } } }\nnodes:\n  a: { type: generate, model: cloud, prompt: '{text}' }\n";
  Graph graph{Pipeline::parse(yaml, folder_ / "p.yaml")};
  outcome_of(graph, {.text = "play some jazz for me"});
  const Outcome near = outcome_of(graph, {.text = "please play some jazz for me", .privacy = Privacy::open});
  EXPECT_EQ(near.answer.text, "said to play some jazz for me");
  EXPECT_FALSE(outcome_of(graph, {.text = "will it rain"}).trace.front().is_cached);
}

}  // namespace
}  // namespace slm
