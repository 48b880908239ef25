// What becomes of requests and replies between the server and who asked.

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/openai/choice_path.h"
#include "tests/models/openai/ask.h"
#include "tests/models/openai/fake_server.h"

namespace slm::openai {
namespace {

using nlohmann::json;
using slm::testing::FakeServer;
using slm::testing::Visit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

auto near(float value) {
  return ::testing::FloatNear(value, 1e-5F);
}

/// A token as a chat tells of it, the likeliest in its place with their probabilities.
json told(const std::string& text, double probability,
          const std::vector<std::pair<std::string, double>>& others) {
  json likeliest = json::array();
  for (const auto& [other, p] : others) likeliest.push_back({{"token", other}, {"logprob", std::log(p)}});
  return {{"token", text}, {"logprob", std::log(probability)}, {"top_logprobs", likeliest}};
}

void answer(Visit& visit, const std::vector<json>& tokens, const std::string& finish = "stop") {
  visit.begin();
  for (const json& token : tokens) {
    if (visit.is_closed()) return;
    visit.event(
        json{{"choices", {{{"delta", {{"content", token["token"]}}}, {"logprobs", {{"content", {token}}}}}}}}
            .dump());
  }
  visit.event(json{{"choices", {{{"delta", json::object()}, {"finish_reason", finish}}}},
                   {"usage", {{"prompt_tokens", 5}, {"completion_tokens", tokens.size()}}}}
                  .dump());
  visit.event("[DONE]");
  visit.chunk("");
}

ConstraintSource schema(const std::string& text) {
  return {ConstraintSource::Language::json_schema, text};
}
ConstraintSource gbnf(const std::string& text) {
  return {ConstraintSource::Language::gbnf, text};
}

TEST(OpenAiModel, GivesTheEvidenceThatTheServerGives) {
  FakeServer server([](Visit& visit) {
    answer(visit, {told("Hel", 0.5, {{"Hel", 0.5}, {"Ha", 0.25}}), told("lo", 0.75, {})});
  });
  const auto generation = std::get<Generation>(answer_of(options_for(server.url())));
  EXPECT_EQ(generation.text, "Hello");
  EXPECT_EQ(generation.finish, Generation::Finish::end_of_text);
  EXPECT_THAT(generation.evidence.token_logprobs, ElementsAre(near(std::log(0.5F)), near(std::log(0.75F))));
  EXPECT_NEAR(*generation.evidence.first_token_margin, 0.25, 1e-5);
  EXPECT_EQ(generation.evidence.schema_valid, std::nullopt);
  EXPECT_EQ(generation.prompt_tokens, 5);
  EXPECT_EQ(generation.generated_tokens, 2);
}

TEST(OpenAiModel, ChecksTheFinishedAnswerItself) {
  FakeServer server([](Visit& visit) { answer(visit, {told("{}", 1, {})}); });
  OpenAiModel model(options_for(server.url()));
  for (const auto& [text, is_valid] :
       {std::pair{R"({"type":"object"})", true}, std::pair{R"({"type":"array"})", false}}) {
    GenerationRequest request{.prompt = "Hi", .constraint = model.compile(schema(text))};
    const auto generation = std::get<Generation>(taken(ask(model, std::move(request))));
    EXPECT_EQ(generation.evidence.schema_valid, is_valid);
    // One token, whose place shows no other: the margin is not known.
    EXPECT_EQ(generation.evidence.first_token_margin, std::nullopt);
  }
}

TEST(OpenAiModel, EndsBeforeAStopStringThatTheServerPassedOver) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    for (const char* text : {"one", "\\nE", "ND", " two"})
      visit.event(std::string(R"({"choices":[{"delta":{"content":")") + text + R"("}}]})");
    visit.wait_until_closed();
  });
  GenerationRequest request{.prompt = "Hi", .stop = {"END"}};
  const auto generation = std::get<Generation>(answer_of(options_for(server.url()), std::move(request)));
  EXPECT_EQ(generation.text, "one\n");
  EXPECT_EQ(generation.finish, Generation::Finish::stop_string);
}

TEST(OpenAiModel, SaysWhichFormatsItCannotHoldTo) {
  OpenAiOptions options = options_for("http://127.0.0.1:1");
  OpenAiModel plain(options);
  options.server = OpenAiOptions::Server::llama_server;
  OpenAiModel llama(options);
  EXPECT_THROW(plain.compile(gbnf("root ::= \"a\"")), ModelError);
  EXPECT_NO_THROW(llama.compile(gbnf("root ::= \"a\"")));
  EXPECT_THROW(llama.compile(gbnf("root ::= (")), ModelError);
  EXPECT_THROW(plain.compile(schema(R"({"type":"strnig"})")), ModelError);
  const auto of_other = plain.compile(schema(R"({"type":"null"})"));
  EXPECT_EQ(reason_of(taken(ask(llama, {.prompt = "Hi", .constraint = of_other}))),
            "the output format was compiled by another model");
}

TEST(OpenAiModel, SendsALlamaServerTheGrammarOfTheLlamaBackend) {
  FakeServer server([](Visit& visit) { answer(visit, {told("null", 1, {})}); });
  OpenAiOptions options = options_for(server.url());
  for (const bool is_llama_server : {false, true}) {
    if (is_llama_server) options.server = OpenAiOptions::Server::llama_server;
    OpenAiModel model(options);
    taken(ask(model, {.prompt = "Hi", .constraint = model.compile(schema(R"({"type":"null"})"))}));
    const json body = json::parse(server.body());
    EXPECT_EQ(body.contains("grammar"), is_llama_server);
    EXPECT_EQ(body.contains("response_format"), !is_llama_server);
  }
}

TEST(OpenAiModel, AsksNoServerForNoTokens) {
  const auto result = answer_of(options_for("http://127.0.0.1:1"), {.prompt = "Hi", .max_tokens = 0});
  EXPECT_EQ(std::get<Generation>(result).finish, Generation::Finish::max_tokens);
}

// Choices

using Form = ChoicePath::Form;

std::vector<float> path_probabilities(const std::vector<std::string>& choices,
                                      const std::vector<ReplyToken>& tokens, Form form = Form::exactly) {
  ChoicePath path(choices, form);
  for (const ReplyToken& token : tokens) path.take(token);
  return path.probabilities();
}

ReplyToken shown(std::string text, double probability,
                 const std::vector<std::pair<std::string, double>>& others) {
  ReplyToken token{std::move(text), static_cast<float>(std::log(probability)), {}};
  for (const auto& [other, p] : others) token.likeliest.emplace_back(other, static_cast<float>(std::log(p)));
  return token;
}

TEST(OpenAiChoices, AreTheProbabilitiesOfTheFirstTokenWhereItTellsThemApart) {
  EXPECT_THAT(path_probabilities({"yes", "no", "maybe"},
                                 {shown("yes", 0.6, {{"yes", 0.6}, {"no", 0.2}, {"x", 0.1}})}),
              ElementsAre(near(0.75F), near(0.25F), 0));
}

TEST(OpenAiChoices, AddUpTheWaysToWriteThem) {
  EXPECT_THAT(path_probabilities({"yes", "no"}, {shown("ye", 0.5, {{"ye", 0.5}, {"yes", 0.1}, {"n", 0.2}})}),
              ElementsAre(near(0.75F), near(0.25F)));
}

TEST(OpenAiChoices, GoOnWhereTheyBeginAlike) {
  // p(positive) = 0.5 · 0.8, p(possible) = 0.5 · 0.1, p(negative) = 0.4
  EXPECT_THAT(path_probabilities({"positive", "possible", "negative"},
                                 {shown("pos", 0.5, {{"pos", 0.5}, {"neg", 0.4}}),
                                  shown("itive", 0.8, {{"itive", 0.8}, {"sible", 0.1}})}),
              ElementsAre(near(0.4F / 0.85F), near(0.05F / 0.85F), near(0.4F / 0.85F)));
}

TEST(OpenAiChoices, ShareATokenThatLeadsToSeveral) {
  EXPECT_THAT(path_probabilities({"positive", "possible", "negative"},
                                 {shown("neg", 0.5, {{"neg", 0.5}, {"pos", 0.4}})}),
              ElementsAre(near(0.2F / 0.9F), near(0.2F / 0.9F), near(0.5F / 0.9F)));
}

TEST(OpenAiChoices, CountAChoiceThatALongerOneBeginsWith) {
  // p(yes) = 0.8, p(yes please) = 0.8 · 0.25
  EXPECT_THAT(path_probabilities({"yes", "yes please"}, {shown("yes", 0.8, {{"yes", 0.8}}),
                                                         shown("\n", 0.7, {{"\n", 0.7}, {" please", 0.25}})}),
              ElementsAre(near(0.8F), near(0.2F)));
}

TEST(OpenAiChoices, AreFoundInAnObjectAndAfterBlanks) {
  EXPECT_THAT(path_probabilities({"yes", "no"},
                                 {shown("{\n \"", 1, {}), shown("choice\": \"", 1, {}),
                                  shown("yes", 0.6, {{"yes", 0.6}, {"no", 0.2}})},
                                 Form::in_object),
              ElementsAre(near(0.75F), near(0.25F)));
  EXPECT_THAT(path_probabilities({" yes", " no"}, {shown("\n", 0.5, {}), shown("yes", 0.6, {{"no", 0.2}})},
                                 Form::trimmed),
              ElementsAre(near(0.75F), near(0.25F)));
}

TEST(OpenAiChoices, AreNoneWhereNoTokenShowsOne) {
  EXPECT_TRUE(path_probabilities({"yes", "no"}, {shown("well", 0.9, {{"well", 0.9}})}).empty());
}

ChoiceResult scores_of(const OpenAiOptions& options, std::vector<std::string> choices) {
  OpenAiModel model(options);
  auto promise = std::make_shared<std::promise<ChoiceResult>>();
  model.score({"", "Well?", std::make_shared<const std::vector<std::string>>(std::move(choices)), {}},
              [promise](ChoiceResult result) { promise->set_value(std::move(result)); });
  return taken(promise->get_future());
}

TEST(OpenAiChoices, AreReadOffTheTokensAndTheRestIsNotWaitedFor) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    for (const json& token : {told(R"({"choice":")", 1, {}), told("no", 0.6, {{"no", 0.6}, {"yes", 0.2}})})
      visit.event(json{
          {"choices", {{{"delta", {{"content", token["token"]}}}, {"logprobs", {{"content", {token}}}}}}}}
                      .dump());
    visit.wait_until_closed();
  });
  const auto scores = std::get<ChoiceScores>(scores_of(options_for(server.url()), {"yes", "no"}));
  EXPECT_THAT(scores.evidence.labels.probabilities, ElementsAre(near(0.25F), near(0.75F)));
  EXPECT_EQ(scores.chosen, std::nullopt);
  const json body = json::parse(server.body());
  EXPECT_EQ(body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"],
            json({"yes", "no"}));
  EXPECT_EQ(body["top_logprobs"], 20);
}

TEST(OpenAiChoices, LeaveOnlyTheChoiceWhereTheServerTellsNoProbabilities) {
  FakeServer server([](Visit& visit) {
    visit.respond("200 OK", "",
                  R"({"choices":[{"message":{"content":"{\"choice\": \"no\"}"},"finish_reason":"stop"}]})");
  });
  const auto scores = std::get<ChoiceScores>(scores_of(options_for(server.url()), {"yes", "no"}));
  EXPECT_EQ(scores.chosen, 1U);
  EXPECT_TRUE(scores.evidence.labels.empty());
}

TEST(OpenAiChoices, FailWhereTheModelAnswersNoneOfThem) {
  FakeServer server([](Visit& visit) {
    visit.respond("200 OK", "", R"({"choices":[{"message":{"content":"Perhaps"},"finish_reason":"stop"}]})");
  });
  EXPECT_THAT(std::get<ModelFailure>(scores_of(options_for(server.url()), {"yes", "no"})).reason,
              HasSubstr("answers \"Perhaps\", which is none of the choices"));
  EXPECT_THAT(std::get<ModelFailure>(scores_of(options_for(server.url()), {"yes"})).reason,
              HasSubstr("at least two choices"));
}

}  // namespace
}  // namespace slm::openai
