#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "models/llama/llama_model.h"
#include "models/llama/scoring_task.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/plain_decoding.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

const LlamaOptions kSmall{.context = 256, .slots = 3, .threads = 1};

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

TEST(LlamaChoices, EvaluateWhatTheyShareOnce) {
  // Choices as they may be given, of tokens of a vocabulary of 8; each beginning of one that goes on is to be
  // evaluated once: [1], [1 2], [1 2 3], [4].
  const std::vector<std::vector<llama_token>> choices{{4, 1}, {1, 2, 3, 5}, {6},   {1, 2, 3, 6},
                                                      {1, 7}, {1, 2},       {4, 2}};
  std::vector<std::string> texts;
  for (const auto& tokens : choices)
    texts.push_back(std::to_string(texts.size()) + std::to_string(tokens.size()));
  std::vector<float> probabilities;
  llama::ScoringTask task{
      {.choices = names(texts)}, {{3, 3}, false}, choices, [&](const ChoiceResult& result) {
        probabilities = std::get<ChoiceScores>(result).evidence.labels.probabilities;
      }};
  // After a token, the next one is the likelier the closer it is; the prompt ends with 3.
  const auto logits_after = [](llama_token token) {
    std::vector<float> logits(8);
    for (int next = 0; next < 8; ++next)
      logits[static_cast<std::size_t>(next)] = -0.5F * std::abs(static_cast<float>(next - token));
    return logits;
  };
  const auto logprob = [&](llama_token next, llama_token after) {
    const auto logits = logits_after(after);
    double total = 0;
    for (const float logit : logits) total += std::exp(logit);
    return logits[static_cast<std::size_t>(next)] - std::log(total);
  };
  llama::Guessing guessing;
  std::vector<llama_token> sequence;
  std::size_t evaluated = 0;
  while (const llama::Evaluation* evaluation = task.next(guessing)) {
    sequence.resize(static_cast<std::size_t>(evaluation->start));
    for (std::size_t i = 0; i < evaluation->tokens.size(); ++i) {
      sequence.push_back(evaluation->tokens[i]);
      const bool wants = i >= evaluation->logits_from || i + 1 == evaluation->tokens.size();
      if (wants) task.take(i, logits_after(sequence.back()));
    }
    evaluated += evaluation->tokens.size();
  }
  task.answer();
  EXPECT_EQ(evaluated, 2U + 4U);
  std::vector<double> expected;
  double total = 0;
  for (const auto& tokens : choices) {
    double sum = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) sum += logprob(tokens[i], i == 0 ? 3 : tokens[i - 1]);
    expected.push_back(std::exp(sum));
    total += expected.back();
  }
  ASSERT_EQ(probabilities.size(), choices.size());
  for (std::size_t i = 0; i < choices.size(); ++i)
    EXPECT_NEAR(probabilities[i], expected[i] / total, 1e-5) << i;
}

TEST(LlamaChoices, AreWeighedAfterAChatToo) {
  const std::string chat_template =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
  const auto file = write({.controls = {"<|im_start|>", "<|im_end|>"}, .chat_template = chat_template},
                          "chat-choices.gguf");
  const Model model = llama::load_llama(file, kSmall);
  const auto scores = [&](ChoiceRequest request) {
    request.choices = names({"play", "book a table"});
    return std::get<ChoiceScores>(begin(*model.scorer, std::move(request)).get());
  };
  const auto chat = scores({.chat = Chat{{"user", "what now"}}});
  // Names of control tokens are tokens in a prompt.
  const auto written = scores({.prompt = "<|im_start|>user\nwhat now<|im_end|>\n<|im_start|>assistant\n"});
  EXPECT_EQ(chat.prompt_tokens, written.prompt_tokens);
  EXPECT_NEAR(chat.evidence.labels.probabilities[0], written.evidence.labels.probabilities[0], 1e-3);
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
