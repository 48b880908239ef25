#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/plain_decoding.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

constexpr LlamaOptions kSmall{.context = 256, .slots = 3, .threads = 1};

std::shared_ptr<const std::vector<std::string>> names(std::vector<std::string> texts) {
  return std::make_shared<const std::vector<std::string>>(std::move(texts));
}

std::string failure_of(const ChoiceResult& result) {
  const auto* failure = std::get_if<ModelFailure>(&result);
  return failure == nullptr ? std::string() : failure->reason;
}

class ChoicesOfEachArchitecture : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Llama, ChoicesOfEachArchitecture, ::testing::Values("llama", "qwen3", "phi3"));

TEST_P(ChoicesOfEachArchitecture, ScoresWhatTheTokensProbabilitiesMultiplyTo) {
  const auto file = write({.architecture = GetParam()}, std::string(GetParam()) + "-choices.gguf");
  PlainDecoding plain(file);
  const Model model = llama::load_llama(file, kSmall);
  // One token, several, many, and two that begin alike.
  const std::vector<std::string> texts{"play", "x", "book a table", "booking", "€"};
  const auto choices = names(texts);
  std::vector<std::future<ChoiceResult>> together;
  together.reserve(6);
  for (int i = 0; i < 6; ++i)
    together.push_back(begin(*model.scorer, {.prompt = "what now?\n", .choices = choices}));
  std::vector<double> logprobs;
  double total = 0;
  for (const std::string& text : texts) {
    // The tokenizer puts a space first, which a continuation has not: "\n" and the space are two tokens.
    auto tokens = plain.tokenize("\n" + text, false);
    tokens.erase(tokens.begin(), tokens.begin() + 2);
    logprobs.push_back(plain.logprob("what now?\n", tokens));
    total += std::exp(logprobs.back());
  }
  for (auto& future : together) {
    const ChoiceResult result = future.get();
    ASSERT_EQ(failure_of(result), "");
    const auto& scores = std::get<ChoiceScores>(result);
    EXPECT_EQ(scores.evidence.labels.names, choices);
    ASSERT_EQ(scores.evidence.labels.probabilities.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const double expected = std::exp(logprobs[i]) / total;
      EXPECT_NEAR(scores.evidence.labels.probabilities[i], expected, 0.02 * expected + 1e-4) << texts[i];
    }
    const auto& probabilities = scores.evidence.labels.probabilities;
    EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-5);
  }
}

TEST(LlamaChoices, ShareTheModelWithGeneration) {
  const auto file = write({}, "choices-and-text.gguf");
  const Model model = llama::load_llama(file, kSmall);
  const auto request = [] {
    return ChoiceRequest{.prompt = "a", .choices = names({"book a table", "play"})};
  };
  const auto alone = std::get<ChoiceScores>(begin(*model.scorer, request()).get());
  const std::string text_alone = text_of(ask(*model.generator, {.prompt = "the", .max_tokens = 20}));
  std::vector<std::future<GenerationResult>> texts;
  std::vector<std::future<ChoiceResult>> scores;
  for (int i = 0; i < 6; ++i) {
    texts.push_back(begin(*model.generator, {.prompt = "the", .max_tokens = 20}));
    scores.push_back(begin(*model.scorer, request()));
  }
  for (auto& text : texts) EXPECT_EQ(text_of(text.get()), text_alone);
  for (auto& score : scores) {
    const auto together = std::get<ChoiceScores>(score.get());
    EXPECT_NEAR(together.evidence.labels.probabilities[0], alone.evidence.labels.probabilities[0], 1e-3);
  }
}

TEST(LlamaChoices, RefusesWhatCannotBeScored) {
  const Model model =
      llama::load_llama(write({}, "few-choices.gguf"), {.context = 64, .slots = 2, .threads = 1});
  EXPECT_NE(
      failure_of(begin(*model.scorer, {.prompt = "a", .choices = names({"b"})}).get()).find("at least two"),
      std::string::npos);
  EXPECT_NE(
      failure_of(begin(*model.scorer, {.prompt = "a", .choices = names({"b", ""})}).get()).find("is empty"),
      std::string::npos);
  EXPECT_NE(failure_of(begin(*model.scorer, {.prompt = "a"}).get()).find("at least two"), std::string::npos);
  const auto longer = names({"b", std::string(80, 'q')});
  EXPECT_NE(failure_of(begin(*model.scorer, {.prompt = "a", .choices = longer}).get()).find("context of 64"),
            std::string::npos);
}

}  // namespace
}  // namespace slm::testing
