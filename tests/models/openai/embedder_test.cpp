// Embeddings over HTTP, by a server that does what each test wants.

#include "models/openai/embedder.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/models/openai/ask.h"
#include "tests/models/openai/fake_server.h"

namespace slm::openai {
namespace {

using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Visit;

EmbeddingResult embedded(const OpenAiOptions& options, const std::string& text, Patience patience = {}) {
  const EmbeddingModel model = open_embedder(options);
  auto promise = std::make_shared<std::promise<EmbeddingResult>>();
  auto answer = promise->get_future();
  model.embedder->embed({text, std::move(patience)},
                        [promise](EmbeddingResult result) { promise->set_value(std::move(result)); });
  return taken(std::move(answer));
}

std::string reason_for(const std::string& body) {
  FakeServer server{[&](Visit& visit) { visit.respond("200 OK", "", body); }};
  const auto result = embedded(options_for(server.url()), "Hi");
  const auto* failure = std::get_if<ModelFailure>(&result);
  return failure ? failure->reason : "";
}

TEST(OpenAiEmbedder, AsksForTheTextAndBringsItToLengthOne) {
  FakeServer server{[](Visit& visit) {
    visit.respond("200 OK", "",
                  R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[3,0,-4.0]}],)"
                  R"("usage":{"prompt_tokens":2,"total_tokens":2}})");
  }};
  const auto result = embedded(options_for(server.url()), "play \"some\" jazz\xff");
  ASSERT_TRUE(std::holds_alternative<Embedding>(result)) << std::get<ModelFailure>(result).reason;
  EXPECT_EQ(std::get<Embedding>(result), (Embedding{0.6F, 0, -0.8F}));
  EXPECT_THAT(server.headers(), HasSubstr("POST /v1/embeddings HTTP/1.1"));
  EXPECT_EQ(nlohmann::json::parse(server.body()),
            (nlohmann::json{
                {"model", "medium"}, {"input", "play \"some\" jazz\uFFFD"}, {"encoding_format", "float"}}));
}

TEST(OpenAiEmbedder, SaysWhatIsWrongWithAnAnswer) {
  EXPECT_THAT(reason_for(R"({"data":[{"embedding":[0,0]}]})"), HasSubstr("empty, zero or not finite"));
  EXPECT_THAT(reason_for(R"({"data":[{"embedding":[]}]})"), HasSubstr("empty, zero or not finite"));
  EXPECT_THAT(reason_for(R"({"data":[{"embedding":[1,"x"]}]})"), HasSubstr("no list of numbers"));
  EXPECT_THAT(reason_for(R"({"data":[{"embedding":"AAAA"}]})"), HasSubstr("no list of numbers"));
  EXPECT_THAT(reason_for(R"({"error":{"message":"no such model"}})"), HasSubstr("no such model"));
  EXPECT_THAT(reason_for(R"({"data":[]})"), HasSubstr("without `choices`"));
}

TEST(OpenAiEmbedder, IsLeftAtTheDeadline) {
  FakeServer server{[](Visit& visit) { visit.wait_until_closed(); }};
  const auto result = embedded(options_for(server.url()), "Hi",
                               {.deadline = std::chrono::steady_clock::now() + 20ms, .cancelled = {}});
  EXPECT_EQ(std::get<ModelFailure>(result).kind, ModelFailure::Kind::expired);
}

}  // namespace
}  // namespace slm::openai
