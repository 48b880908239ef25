#include <gtest/gtest.h>

#include <cmath>

#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

constexpr int kContext = 64, kAnswer = 8;
const LlamaOptions kKeepsEnds{
    .context = kContext, .long_prompt = LlamaOptions::LongPrompt::keep_ends, .slots = 2, .threads = 1};

/// Letters that no piece of the tiny model's vocabulary joins: each is a token.
std::string letters(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "bcdfhkmqvwxz"[(i * i + i / 7) % 12];
  return text;
}

/// What is left of a text where the prompt may have so many tokens: the first is the beginning's.
std::string ends(const std::string& text, std::size_t tokens) {
  const std::size_t blank = 1;  // SentencePiece's, before the text
  return text.substr(0, tokens / 2 - 1 - blank) + text.substr(text.size() - tokens / 2);
}

GenerationResult ask_for(const Model& model, const std::string& prompt) {
  return ask(*model.generator, {.prompt = prompt, .max_tokens = kAnswer});
}

TEST(LongPrompt, KeepsBothEndsAndRoomForTheAnswer) {
  const auto file = write({}, "long.gguf");
  const Model model = llama::load_llama(file, kKeepsEnds);
  for (const std::size_t size : {kContext - kAnswer + 0UL, 200UL, 5'000'000UL}) {
    const std::string text = letters(size);
    const auto cut = ask_for(model, text);
    const auto same = ask_for(model, ends(text, kContext - kAnswer));
    ASSERT_EQ(text_of(cut), text_of(same)) << size;
    EXPECT_TRUE(std::get<Generation>(cut).is_prompt_cut);
    EXPECT_EQ(std::get<Generation>(cut).prompt_tokens, kContext - kAnswer);
    EXPECT_FALSE(std::get<Generation>(same).is_prompt_cut);
  }
}

TEST(LongPrompt, KeepsAtLeastHalfOfTheContextForThePrompt) {
  const Model model = llama::load_llama(write({}, "long-answer.gguf"), kKeepsEnds);
  const auto result = ask(*model.generator, {.prompt = letters(200), .max_tokens = 1000, .patience = {}});
  EXPECT_NE(text_of(result).find("is full"), std::string::npos) << text_of(result);
  const auto short_answer = ask(*model.generator, {.prompt = letters(200), .max_tokens = kContext / 2});
  EXPECT_EQ(std::get<Generation>(short_answer).prompt_tokens, kContext / 2);
}

TEST(LongPrompt, LeavesRoomForTheLongestChoice) {
  const Model model = llama::load_llama(write({}, "long-choices.gguf"), kKeepsEnds);
  const auto choices =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"b", letters(20)});
  const auto scores =
      std::get<ChoiceScores>(begin(*model.scorer, {.prompt = letters(300), .choices = choices}).get());
  EXPECT_TRUE(scores.is_prompt_cut);
  EXPECT_EQ(scores.prompt_tokens, kContext - 20);
}

TEST(LongPrompt, OfAChatIsCutTheSame) {
  const Model model = llama::load_llama(
      write({.controls = {"<|im_start|>", "<|im_end|>"},
             .chat_template =
                 "{% for m in messages %}<|im_start|>{{ m.role }}{{ m.content }}<|im_end|>{% endfor %}"},
            "long-chat.gguf"),
      kKeepsEnds);
  Chat chat;
  chat.push_back({.role = "user", .content = letters(1'000'000)});
  const auto result = ask(*model.generator, {.chat = chat, .max_tokens = kAnswer});
  ASSERT_TRUE(std::holds_alternative<Generation>(result)) << text_of(result);
  EXPECT_TRUE(std::get<Generation>(result).is_prompt_cut);
  EXPECT_EQ(std::get<Generation>(result).prompt_tokens, kContext - kAnswer);
}

class EachKvType : public ::testing::TestWithParam<std::pair<const char*, LlamaOptions::KvType>> {};
INSTANTIATE_TEST_SUITE_P(Llama, EachKvType,
                         ::testing::Values(std::pair{"q8_0", LlamaOptions::KvType::q8_0},
                                           std::pair{"q4_0", LlamaOptions::KvType::q4_0}),
                         [](const auto& one) { return one.param.first; });

TEST_P(EachKvType, GivesNearlyTheSameProbabilitiesInLessMemory) {
  const auto file = write({.width = 256, .layers = 3}, std::string{"kv-"} + GetParam().first + ".gguf");
  LlamaOptions options{.context = 256, .slots = 4, .threads = 1};
  const Model exact = llama::load_llama(file, options);
  options.kv_type = GetParam().second;
  const Model rounded = llama::load_llama(file, options);
  EXPECT_LT(rounded.info.memory_bytes, exact.info.memory_bytes);
  const double most = options.kv_type == LlamaOptions::KvType::q8_0 ? 0.1 : 1.5;
  const std::string beginning = letters(100);  // long enough to be shared
  for (const char* end : {"b", "play", " jazz"}) {
    const auto choices = std::make_shared<const std::vector<std::string>>(
        std::vector<std::string>{"a", "b", "c", "play jazz"});
    const auto score = [&](const Model& model) {
      return std::get<ChoiceScores>(
                 begin(*model.scorer, {.prompt = beginning + end, .choices = choices}).get())
          .evidence.labels.probabilities;
    };
    const auto expected = score(exact), got = score(rounded);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(std::log(got[i] + 1e-3), std::log(expected[i] + 1e-3), most) << i;
  }
}

}  // namespace
}  // namespace slm::testing
