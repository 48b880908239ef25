#include <gtest/gtest.h>

#include <random>

#include "models/llama/llama_model.h"
#include "models/output/utf8.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/plain_decoding.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

/// Some hundred tokens of a tiny model.
std::string system_text(const std::string& what) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += "play " + what + " and blues " + std::to_string(i) + "\n";
  return text;
}

Generation generated(const Model& model, const std::string& prompt) {
  return std::get<Generation>(ask(*model.generator, {.prompt = prompt, .max_tokens = 8}));
}

/// As plain decoding gives it, so far as rounding does not decide.
void expect_as_plain(PlainDecoding& plain, const std::string& prompt, const std::string& text, int tokens) {
  const auto expected = plain.greedy(prompt, tokens);
  if (expected.is_certain)
    EXPECT_EQ(text, output::valid_utf8(expected.text)) << prompt;
  else
    EXPECT_TRUE(text.starts_with(output::valid_utf8(expected.text).substr(0, expected.text.size() / 2)))
        << prompt;
}

class LlamaPrefix : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Llama, LlamaPrefix, ::testing::Values("llama", "qwen3", "phi3"));

TEST_P(LlamaPrefix, IsEvaluatedOnceForAllThatComeTogether) {
  const auto file = write({.architecture = GetParam()}, std::string{GetParam()} + "-together-prefix.gguf");
  PlainDecoding plain{file};
  const int beginning = static_cast<int>(plain.tokenize(system_text("jazz"), true).size());
  // Evaluated in several steps, during which the others come.
  const Model model = llama::load_llama(file, {.context = 512, .slots = 6, .threads = 1, .batch = 32});
  std::vector<std::future<GenerationResult>> asked;
  const auto prompt = [](int i) { return system_text("jazz") + "request " + std::to_string(i); };
  for (int i = 0; i < 12; ++i)
    asked.push_back(begin(*model.generator, {.prompt = prompt(i), .max_tokens = 8}));
  int evaluated = 0;
  for (int i = 0; i < 12; ++i) {
    const auto generation = std::get<Generation>(asked[static_cast<std::size_t>(i)].get());
    expect_as_plain(plain, prompt(i), generation.text, 8);
    evaluated += generation.prompt_tokens - generation.cached_tokens;
  }
  EXPECT_LT(evaluated, beginning + 12 * 32) << "the beginning has " << beginning << " tokens";
}

TEST_P(LlamaPrefix, IsKnownAgainAfterAllSlotsHaveDoneOtherThings) {
  const auto file = write({.architecture = GetParam()}, std::string{GetParam()} + "-known-prefix.gguf");
  PlainDecoding plain{file};
  const Model model = llama::load_llama(file, {.context = 512, .slots = 2, .threads = 1});
  const std::string jazz = system_text("jazz");
  generated(model, jazz + "one");
  generated(model, jazz + "two");  // shared now
  for (int i = 0; i < 3; ++i) generated(model, system_text("other " + std::to_string(i)));
  const Generation again = generated(model, jazz + "three");
  expect_as_plain(plain, jazz + "three", again.text, 8);
  EXPECT_GE(again.cached_tokens, static_cast<int>(plain.tokenize(jazz, true).size()) - 2);

  const Model without =
      llama::load_llama(file, {.context = 512, .slots = 1, .threads = 1, .prefix_bytes = 0});
  for (const char* end : {"one", "two"}) generated(without, jazz + end);
  generated(without, system_text("other"));
  EXPECT_EQ(generated(without, jazz + "three").cached_tokens, 0);
}

TEST(LlamaPrefixMemory, IsBounded) {
  const auto file = write({}, "bounded-prefix.gguf");
  // Room for one of the beginnings: some 180 tokens of a quarter of a KiB each.
  const Model model =
      llama::load_llama(file, {.context = 512, .slots = 1, .threads = 1, .prefix_bytes = 70U << 10U});
  const auto share = [&](const std::string& what) {
    for (const char* end : {"one", "two"}) generated(model, system_text(what) + end);
  };
  share("jazz");
  share("rock");
  generated(model, system_text("other"));
  EXPECT_GT(generated(model, system_text("rock") + "three").cached_tokens, 0);
  generated(model, system_text("other"));
  EXPECT_EQ(generated(model, system_text("jazz") + "three").cached_tokens, 0);
}

TEST(LlamaPrefixChaos, GivesEveryAnswerThatWasWantedAsPlainDecodingDoes) {
  const auto file = write({}, "chaos-prefix.gguf");
  PlainDecoding plain{file};
  const Model model = llama::load_llama(
      file, {.context = 512, .slots = 3, .threads = 1, .batch = 24, .prefix_bytes = 300U << 10U});
  std::mt19937 random{7};
  struct Asked {
    std::string prompt;
    int tokens;
    std::stop_source cancelled;
    std::future<GenerationResult> result;
  };
  std::vector<Asked> all;
  for (int i = 0; i < 150; ++i) {
    Asked one{system_text(random() % 2 == 0 ? "jazz" : "rock").substr(0, 20 + random() % 200) +
                  std::to_string(random() % 9),
              static_cast<int>(1 + random() % 12),
              {},
              {}};
    GenerationRequest request{.prompt = one.prompt, .draft = "play some", .max_tokens = one.tokens};
    request.patience.cancelled = one.cancelled.get_token();
    request.patience.can_wait = random() % 3 == 0;
    if (random() % 10 == 0)
      request.patience.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(random() % 40);
    one.result = begin(*model.generator, std::move(request));
    all.push_back(std::move(one));
    if (random() % 8 == 0) all[random() % all.size()].cancelled.request_stop();
    if (random() % 4 == 0) all[random() % all.size()].result.wait();
  }
  int answered = 0;
  for (Asked& one : all) {
    const auto result = one.result.get();
    if (const auto* generation = std::get_if<Generation>(&result)) {
      expect_as_plain(plain, one.prompt, generation->text, one.tokens);
      ++answered;
    } else {
      EXPECT_NE(std::get<ModelFailure>(result).kind, ModelFailure::Kind::failed) << text_of(result);
    }
  }
  EXPECT_GT(answered, 75);
}

}  // namespace
}  // namespace slm::testing
