#include <gtest/gtest.h>

#include "models/llama/llama_model.h"
#include "models/output/utf8.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/plain_decoding.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

const LlamaOptions kSmall{.context = 256, .slots = 4, .threads = 1};

class EachArchitecture : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Llama, EachArchitecture, ::testing::Values("llama", "qwen3", "phi3"));

const std::vector<std::string> kPrompts{
    "play some jazz", "a",   "b",        "jazz and", "{", "What?", "book a table for 2\n",
    "{\"name\":\"",   "the", "10 + 10 ="};

TEST_P(EachArchitecture, GeneratesWhatPlainGreedyDecodingGives) {
  const auto file = write({.architecture = GetParam()}, std::string(GetParam()) + ".gguf");
  PlainDecoding plain(file);
  const Model model = llama::load_llama(file, kSmall);
  int certain = 0;
  for (const std::string& prompt : kPrompts) {
    const auto expected = plain.greedy(prompt, 16);
    const auto result = ask(*model.generator, {.prompt = prompt, .max_tokens = 16});
    const std::string text = text_of(result);
    if (!expected.is_certain) {
      EXPECT_TRUE(text.starts_with(output::valid_utf8(expected.text).substr(0, expected.text.size() / 2)))
          << text;
      continue;
    }
    ++certain;
    ASSERT_EQ(text, output::valid_utf8(expected.text));
    const auto& generation = std::get<Generation>(result);
    ASSERT_EQ(generation.evidence.token_logprobs.size(), expected.logprobs.size());
    for (std::size_t i = 0; i < expected.logprobs.size(); ++i)
      EXPECT_NEAR(generation.evidence.token_logprobs[i], expected.logprobs[i], 0.02);
    EXPECT_EQ(generation.prompt_tokens, static_cast<int>(plain.tokenize(prompt, true).size()));
    EXPECT_EQ(generation.generated_tokens, static_cast<int>(expected.logprobs.size()));
  }
  EXPECT_GE(certain, 3);
}

TEST_P(EachArchitecture, GivesManyTogetherWhatEachGivesAlone) {
  const auto file = write({.architecture = GetParam()}, std::string(GetParam()) + "-together.gguf");
  PlainDecoding plain(file);
  LlamaOptions options = kSmall;
  options.batch = 16;  // so that prompts take several steps
  const Model model = llama::load_llama(file, options);
  struct Asked {
    PlainDecoding::Answer alone;
    std::future<GenerationResult> together;
  };
  std::vector<Asked> all;
  for (int i = 0; i < 32; ++i) {
    std::string prompt = kPrompts[static_cast<std::size_t>(i) % kPrompts.size()];
    for (int n = 0; n < i % 5; ++n) prompt += " and again " + std::to_string(i);
    all.push_back(
        {plain.greedy(prompt, 1 + i), begin(*model.generator, {.prompt = prompt, .max_tokens = 1 + i})});
  }
  int certain = 0;
  for (Asked& asked : all) {
    const std::string text = text_of(asked.together.get());
    if (!asked.alone.is_certain) continue;
    ++certain;
    EXPECT_EQ(text, output::valid_utf8(asked.alone.text));
  }
  EXPECT_GE(certain, 12);
}

/// A model that spells out one sentence, whatever it was asked, if the prompt ends in '>'.
std::filesystem::path speller(const std::string& name) {
  return write({.width = 256,
                .pieces = {"<one>", "<two>", "<three>"},
                .follows = {{">", "<one>"},
                            {"<one>", "<0xE2>"},
                            {"<0xE2>", "<0x82>"},
                            {"<0x82>", "<0xAC>"},
                            {"<0xAC>", "<two>"},
                            {"<two>", "</s>"},
                            {"?", "<three>"},
                            {"<three>", "<0xC3>"},
                            {"<0xC3>", "x"},
                            {"x", "</s>"},
                            {"!", "!"},
                            {"<s>", "x"}}},
               name);
}

TEST(LlamaGeneration, EndsAtTheEndOfTextAndLeavesItOut) {
  const Model model = llama::load_llama(speller("end.gguf"), kSmall);
  const auto generation = std::get<Generation>(ask(*model.generator, {.prompt = "pay>"}));
  EXPECT_EQ(generation.text, "<one>€<two>");
  EXPECT_EQ(generation.finish, Generation::Finish::end_of_text);
  EXPECT_EQ(generation.generated_tokens, 5);
  EXPECT_EQ(generation.evidence.token_logprobs.size(), 5U);
  EXPECT_GT(generation.evidence.first_token_margin.value(), 0.9F);
  EXPECT_FALSE(generation.evidence.schema_valid.has_value());
}

TEST(LlamaGeneration, ReplacesBytesThatAreNoUtf8) {
  const Model model = llama::load_llama(speller("bytes.gguf"), kSmall);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "pay?"})), "<three>\xEF\xBF\xBDx");
}

TEST(LlamaGeneration, EndsBeforeAStopStringSpreadOverTokens) {
  const Model model = llama::load_llama(speller("stop.gguf"), kSmall);
  const auto generation =
      std::get<Generation>(ask(*model.generator, {.prompt = "pay>", .stop = {"never", "e>€<t", "two>"}}));
  EXPECT_EQ(generation.text, "<on");
  EXPECT_EQ(generation.finish, Generation::Finish::stop_string);
}

TEST(LlamaGeneration, EndsAtTheMostTokensAsked) {
  const Model model = llama::load_llama(speller("most.gguf"), kSmall);
  const auto generation = std::get<Generation>(ask(*model.generator, {.prompt = "pay!", .max_tokens = 7}));
  EXPECT_EQ(generation.text, "!!!!!!!");
  EXPECT_EQ(generation.finish, Generation::Finish::max_tokens);
  const auto none = std::get<Generation>(ask(*model.generator, {.prompt = "pay!", .max_tokens = 0}));
  EXPECT_EQ(none.text, "");
}

TEST(LlamaGeneration, FailsClearlyWhenTheContextIsFullAndOthersGoOn) {
  const Model model = llama::load_llama(speller("full.gguf"), {.context = 64, .slots = 2, .threads = 1});
  auto endless = begin(*model.generator, {.prompt = "pay!", .max_tokens = 1000});
  auto other = begin(*model.generator, {.prompt = "pay>"});
  EXPECT_NE(text_of(endless.get()).find("context of 64 tokens is full"), std::string::npos);
  EXPECT_EQ(text_of(other.get()), "<one>€<two>");
}

TEST(LlamaGeneration, RefusesAPromptLongerThanTheContext) {
  const Model model = llama::load_llama(speller("long.gguf"), {.context = 64, .slots = 2, .threads = 1});
  const std::string somewhat = text_of(ask(*model.generator, {.prompt = std::string(100, 'q')}));
  EXPECT_NE(somewhat.find("more than the context of 64"), std::string::npos) << somewhat;
  const std::string hugely = text_of(ask(*model.generator, {.prompt = std::string(1 << 20, 'q')}));
  EXPECT_NE(hugely.find("more than the context of 64"), std::string::npos) << hugely;
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "pay>"})), "<one>€<two>");
}

TEST(LlamaGeneration, EvaluatesAPromptThatFillsTheContext) {
  const Model model =
      llama::load_llama(speller("fill.gguf"), {.context = 64, .slots = 2, .threads = 1, .batch = 8});
  // The beginning of text, the space that the tokenizer puts first, and 62 more.
  const auto result = ask(*model.generator, {.prompt = std::string(61, 'q') + "!", .max_tokens = 1});
  EXPECT_EQ(text_of(result), "!");
  EXPECT_EQ(std::get<Generation>(result).prompt_tokens, 64);
}

TEST(LlamaGeneration, BeginsATextForAnEmptyPrompt) {
  const Model model = llama::load_llama(speller("empty.gguf"), kSmall);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = ""})), "x");
}

TEST(LlamaGeneration, RefusesAnEmptyPromptWithoutABeginning) {
  const Model model = llama::load_llama(write({.has_ends = false}, "no-ends.gguf"), kSmall);
  const std::string text = text_of(ask(*model.generator, {.prompt = ""}));
  EXPECT_NE(text.find("empty"), std::string::npos) << text;
  EXPECT_TRUE(std::holds_alternative<Generation>(ask(*model.generator, {.prompt = "a", .max_tokens = 3})));
}

TEST(LlamaGeneration, TakesAnyBytesAsAPrompt) {
  const Model model = llama::load_llama(speller("invalid.gguf"), kSmall);
  const std::string prompt("\xFF\xC3 \0\x80 \xED\xA0\x80 >", 11);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = prompt})), "<one>€<two>");
}

TEST(LlamaGeneration, RepeatsItselfWithTheSameSeedWhateverElseRuns) {
  const Model model = llama::load_llama(write({}, "seeds.gguf"), kSmall);
  const auto request = [](std::uint64_t seed) {
    return GenerationRequest{.prompt = "play", .max_tokens = 24, .temperature = 1, .seed = seed};
  };
  const std::string alone = text_of(ask(*model.generator, request(7)));
  std::vector<std::future<GenerationResult>> others;
  for (std::uint64_t seed = 0; seed < 12; ++seed) others.push_back(begin(*model.generator, request(seed)));
  std::vector<std::string> texts;
  texts.reserve(others.size());
  for (auto& other : others) texts.push_back(text_of(other.get()));
  EXPECT_EQ(texts[7], alone);
  std::sort(texts.begin(), texts.end());
  EXPECT_GT(std::unique(texts.begin(), texts.end()) - texts.begin(), 8);
}

TEST(LlamaGeneration, DrawsTokensAsOftenAsTheyAreLikely) {
  // After 'a' comes 'b' or 'c' with equal weights, and hardly anything else.
  const auto file = write({.width = 256, .follows = {{"a", "b"}, {"a", "c"}}}, "coin.gguf");
  const Model model = llama::load_llama(file, kSmall);
  int heads = 0, others = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto text =
        text_of(ask(*model.generator, {.prompt = "a", .max_tokens = 1, .temperature = 1, .seed = seed}));
    heads += text == "b" ? 1 : 0;
    others += text != "b" && text != "c" ? 1 : 0;
  }
  EXPECT_EQ(others, 0);
  EXPECT_NEAR(heads, 100, 40);
}

}  // namespace
}  // namespace slm::testing
