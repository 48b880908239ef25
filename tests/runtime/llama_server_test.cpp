// The openai backend against a real llama-server on loopback, which SLM_GRAPH_LLAMA_SERVER names
// (scripts/build_llama_server makes it); skipped where that is not set.

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/llama/llama_model.h"
#include "slm/graph.h"
#include "tests/models/openai/ask.h"
#include "tests/models/openai/fake_server.h"
#include "tests/runtime/program.h"

namespace slm::testing {
namespace {

using openai::ask;
using openai::kind_of_failure;
using openai::reason_of;
using openai::taken;
using openai::text_of;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::filesystem::path kAssistant = SLM_GRAPH_ASSISTANT;
constexpr const char* kPrompt = "play some jazz\n";

/// A llama-server with the assistant's medium model, whose chat template is the message itself, with
/// keys and values as the assistant keeps them.
class LlamaServer {
 public:
  explicit LlamaServer(const std::string& program, const std::string& key = "", bool embeds = false)
      : url_("http://127.0.0.1:" + std::to_string(port_) + "/v1"),
        program_(arguments(program, key, embeds)) {}

  /// The first request waits, by tries, until the model is loaded.
  OpenAiOptions options() const {
    return {.url = url_,
            .model = "medium",
            .api = OpenAiOptions::Api::completions,
            .server = OpenAiOptions::Server::llama_server,
            .retries = 100};
  }
  const std::string& url() const { return url_; }

 private:
  std::vector<std::string> arguments(const std::string& program, const std::string& key, bool embeds) const {
    std::vector<std::string> words = {
        program, "--model", (kAssistant / "medium-q8_0.gguf").string(), "--host", "127.0.0.1", "--port",
        std::to_string(port_), "--ctx-size", "4096", "--parallel", "16", "--threads", "1", "--jinja",
        "--cache-type-k", "q8_0", "--cache-type-v", "q8_0", "--chat-template", "{{ messages[0]['content'] }}",
        // Nobody reads what it writes, and a full pipe would stop it.
        "--log-disable"};
    if (!key.empty()) words.insert(words.end(), {"--api-key", key});
    if (embeds) words.insert(words.end(), {"--embeddings", "--pooling", "mean"});
    return words;
  }

  int port_ = free_port();
  std::string url_;
  Program program_;
};

class LlamaServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("SLM_GRAPH_LLAMA_SERVER");
    if (program == nullptr || *program == '\0')
      GTEST_SKIP() << "SLM_GRAPH_LLAMA_SERVER names no llama-server; scripts/build_llama_server makes one";
    program_ = program;
  }
  std::string program_;
};

std::string text_of_file(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream{file, std::ios::binary}.rdbuf();
  return text.str();
}

/// Outcomes of the sample requests, in their order.
std::vector<Outcome> outcomes_of(const std::string& yaml) {
  Graph graph{Pipeline::parse(yaml, kAssistant / "assistant.yaml")};
  std::vector<std::future<Outcome>> futures;
  std::ifstream requests{kAssistant / "requests.jsonl"};
  for (std::string line; std::getline(requests, line);)
    futures.push_back(graph.submit({.text = nlohmann::json::parse(line)["text"]}));
  std::vector<Outcome> outcomes;
  for (auto& future : futures) outcomes.push_back(taken(std::move(future)));
  return outcomes;
}

/// The assistant with its medium model behind the server.
std::string remote_assistant(const LlamaServer& server, const std::string& how) {
  std::string yaml = text_of_file(kAssistant / "assistant.yaml");
  const std::size_t at = yaml.find("  medium:");
  yaml.replace(at, yaml.find('\n', at) - at,
               "  medium: { backend: openai, url: \"" + server.url() + "\", model: medium, retries: 100, " +
                   how + " }");
  return yaml;
}

TEST_F(LlamaServerTest, AnswersAsTheLlamaBackendDoes) {
  const LlamaServer server(program_);
  const std::vector<Outcome> local = outcomes_of(text_of_file(kAssistant / "assistant.yaml"));
  for (const char* how : {"api: completions, server: llama_server", "api: chat, server: llama_server",
                          "api: completions, server: llama_server, stream: false"}) {
    const std::vector<Outcome> remote = outcomes_of(remote_assistant(server, how));
    ASSERT_EQ(remote.size(), local.size());
    int medium = 0;
    for (std::size_t i = 0; i < local.size(); ++i) {
      medium += remote[i].answer.tier == "medium" ? 1 : 0;
      EXPECT_EQ(remote[i].kind, local[i].kind) << how << ", request " << i << ": " << remote[i].reason;
      EXPECT_EQ(remote[i].answer.tier, local[i].answer.tier) << how << ", request " << i;
      EXPECT_EQ(remote[i].answer.text, local[i].answer.text) << how << ", request " << i;
    }
    EXPECT_GT(medium, 30);
  }
}

TEST_F(LlamaServerTest, HoldsChatsToASchemaByItsOwnGrammar) {
  // That grammar wants the members in the schema's order, so answers may differ, but all are valid.
  const LlamaServer server(program_);
  for (const Outcome& outcome : outcomes_of(remote_assistant(server, "api: chat")))
    EXPECT_NE(outcome.kind, OutcomeKind::abstained) << outcome.reason;
}

TEST_F(LlamaServerTest, GivesTheEvidenceOfTheLlamaBackend) {
  const LlamaServer server(program_);
  const Model local =
      llama::load_llama(kAssistant / "medium-q8_0.gguf", {.kv_type = LlamaOptions::KvType::q8_0});
  const auto expected = std::get<Generation>(taken(ask(*local.generator, {.prompt = kPrompt})));
  ASSERT_FALSE(expected.evidence.token_logprobs.empty());
  for (const auto api : {OpenAiOptions::Api::completions, OpenAiOptions::Api::chat}) {
    for (const bool is_stream : {true, false}) {
      OpenAiOptions options = server.options();
      options.api = api;
      options.stream = is_stream;
      openai::OpenAiModel remote(options);
      const GenerationResult result = taken(ask(remote, {.prompt = kPrompt}));
      ASSERT_EQ(text_of(result), expected.text);
      const auto& found = std::get<Generation>(result);
      EXPECT_EQ(found.finish, expected.finish);
      EXPECT_EQ(found.prompt_tokens, expected.prompt_tokens);
      EXPECT_NEAR(*found.evidence.first_token_margin, *expected.evidence.first_token_margin, 1e-3);
      ASSERT_EQ(found.evidence.token_logprobs.size(), expected.evidence.token_logprobs.size());
      for (std::size_t i = 0; i < expected.evidence.token_logprobs.size(); ++i)
        EXPECT_NEAR(std::exp(found.evidence.token_logprobs[i]), std::exp(expected.evidence.token_logprobs[i]),
                    1e-3);
    }
  }
}

TEST_F(LlamaServerTest, EndsWhereItIsToldTo) {
  const LlamaServer server(program_);
  openai::OpenAiModel model(server.options());
  const auto cut = std::get<Generation>(taken(ask(model, {.prompt = kPrompt, .max_tokens = 2})));
  EXPECT_EQ(cut.finish, Generation::Finish::max_tokens);
  EXPECT_EQ(cut.evidence.token_logprobs.size(), 2U);
  const auto stopped = std::get<Generation>(taken(ask(model, {.prompt = kPrompt, .stop = {"\",\""}})));
  EXPECT_EQ(stopped.text, R"({"intent":"PlayMusic)");
}

TEST_F(LlamaServerTest, WeighsChoicesAsTheLlamaBackendDoes) {
  const LlamaServer server(program_);
  const Model local =
      llama::load_llama(kAssistant / "medium-q8_0.gguf", {.kv_type = LlamaOptions::KvType::q8_0});
  const auto choices = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{
      R"({"intent":"PlayMusic)", R"({"intent":"AddToPlaylist)", R"({"intent":"SearchCreativeWork)"});
  const auto weighed = [&](ChoiceScorer& scorer) {
    auto promise = std::make_shared<std::promise<ChoiceResult>>();
    scorer.score({"", "play something from my list\n", choices, {}},
                 [promise](ChoiceResult result) { promise->set_value(std::move(result)); });
    return std::get<ChoiceScores>(taken(promise->get_future())).evidence.labels.probabilities;
  };
  const std::vector<float> expected = weighed(*local.scorer);
  for (const auto api : {OpenAiOptions::Api::completions, OpenAiOptions::Api::chat}) {
    OpenAiOptions options = server.options();
    options.api = api;
    openai::OpenAiModel remote(options);
    const std::vector<float> found = weighed(remote);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-3) << i;
  }
}

TEST_F(LlamaServerTest, EmbedsForACache) {
  const LlamaServer server(program_, "", true);
  const std::string yaml = "pipeline: p\nversion: 1\nentry: a\nmodels:\n  points: { backend: openai, url: '" +
                           server.url() +
                           "', model: medium }\n  small: { backend: llama, file: small-q8_0.gguf, "
                           "cache: { nearest: { model: points, at_least: 0.9, audit: 0% } } }\n"
                           "nodes:\n  a: { type: generate, model: small, prompt: \"{text}\\n\" }\n";
  Graph graph{Pipeline::parse(yaml, kAssistant / "p.yaml")};
  // Until its model is loaded, the server embeds nothing, and the small model is asked.
  openai::OpenAiModel model(server.options());
  taken(ask(model, {.prompt = kPrompt}));
  const Outcome first = taken(graph.submit({.text = "play some jazz music"}));
  const Outcome near = taken(graph.submit({.text = "play some jazz music now"}));
  const Outcome far = taken(graph.submit({.text = "will it rain in Paris tomorrow"}));
  EXPECT_FALSE(first.trace.front().is_cached);
  EXPECT_GT(near.trace.front().nearest, 0.9) << near.reason;
  EXPECT_EQ(near.answer.text, first.answer.text);
  EXPECT_FALSE(far.trace.front().is_cached);
}

TEST_F(LlamaServerTest, WantsItsKey) {
  const LlamaServer server(program_, "sk-right");
  OpenAiOptions options = server.options();
  options.api_key = "sk-right";
  EXPECT_THAT(text_of(openai::answer_of(options, {.prompt = kPrompt})), HasSubstr("PlayMusic"));
  options.api_key = "sk-wrong";
  const std::string reason = reason_of(openai::answer_of(options, {.prompt = kPrompt}));
  EXPECT_THAT(reason, HasSubstr("status 401"));
  EXPECT_THAT(reason, ::testing::Not(HasSubstr("sk-wrong")));
}

TEST_F(LlamaServerTest, IsLeftAtTheDeadline) {
  const LlamaServer server(program_);
  openai::OpenAiModel model(server.options());
  taken(ask(model, {.prompt = kPrompt}));
  // Any text, of which there are thousands of tokens to come.
  const auto format = model.compile({ConstraintSource::Language::gbnf, "root ::= [a-z]*"});
  GenerationRequest request{.prompt = kPrompt, .constraint = format, .max_tokens = 1 << 20};
  request.patience.deadline = std::chrono::steady_clock::now() + 5ms;
  EXPECT_EQ(kind_of_failure(taken(ask(model, std::move(request)))), ModelFailure::Kind::expired);
}

TEST_F(LlamaServerTest, SaysWhatTheServerSays) {
  const LlamaServer server(program_);
  std::string prompt;
  for (int i = 0; i < 3000; ++i) prompt += "jazz ";
  EXPECT_THAT(reason_of(openai::answer_of(server.options(), {.prompt = prompt})), HasSubstr("context"));
}

}  // namespace
}  // namespace slm::testing
