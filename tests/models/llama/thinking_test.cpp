#include <gtest/gtest.h>

#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

constexpr const char* kTemplate =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}";

const LlamaOptions kSmall{.context = 256, .slots = 2, .threads = 1};

/// Says "<one><two>" and then `last` where a line has ended: thoughts and answer alike.
TinyModel thinker(const std::string& last) {
  TinyModel model{.width = 256,
                  .pieces = {"<one>", "<two>"},
                  .controls = {"<|im_start|>", "<|im_end|>"},
                  .chat_template = kTemplate,
                  .follows = {{"<0x0A>", "<one>"}, {"<one>", "<two>"}, {"<two>", last}}};
  if (last != "<|im_end|>") model.follows.emplace_back(last, "<|im_end|>");
  return model;
}

Generation thought(const Model& model, GenerationRequest request) {
  request.chat = Chat{{"user", "Hi"}};
  const GenerationResult result = ask(*model.generator, std::move(request));
  EXPECT_TRUE(std::holds_alternative<Generation>(result)) << text_of(result);
  return std::get<Generation>(result);
}

TEST(LlamaThinking, IsNoPartOfTheAnswerNorOfItsEvidence) {
  TinyModel model = thinker("</think>");
  model.pieces.push_back("</think>");
  const Model loaded = llama::load_llama(write(model, "thinks.gguf"), kSmall);
  EXPECT_EQ(loaded.no_thinking, "");
  const Generation plain = thought(loaded, {});
  EXPECT_EQ(plain.text, "<one><two></think>");
  EXPECT_EQ(plain.generated_tokens, 3);
  const Generation generation = thought(loaded, {.thinking_tokens = 20});
  EXPECT_EQ(generation.text, plain.text);
  EXPECT_EQ(generation.evidence.token_logprobs.size(), 3U);
  EXPECT_EQ(generation.generated_tokens, 3 + 2 + 3) << "thoughts, the empty line after them, the answer";
}

TEST(LlamaThinking, EndsWithAControlTokenToo) {
  TinyModel model = thinker("</think>");
  model.controls.push_back("</think>");
  const Model loaded = llama::load_llama(write(model, "thinks-control.gguf"), kSmall);
  const Generation generation = thought(loaded, {.thinking_tokens = 20});
  EXPECT_EQ(generation.text, "<one><two>");
  EXPECT_EQ(generation.generated_tokens, 3 + 2 + 3);
}

TEST(LlamaThinking, IsFreeOfTheGrammarThatTheAnswerIsHeldTo) {
  TinyModel model = thinker("</think>");
  model.pieces.push_back("</think>");
  const Model loaded = llama::load_llama(write(model, "thinks-freely.gguf"), kSmall);
  const auto constraint =
      loaded.generator->compile({ConstraintSource::Language::gbnf, R"(root ::= "<one>x<one>")"});
  const Generation generation = thought(loaded, {.constraint = constraint, .thinking_tokens = 20});
  EXPECT_EQ(generation.text, "<one>x<one>");
}

TEST(LlamaThinking, IsCutOffAfterItsMostTokens) {
  TinyModel model = thinker("<one>");  // and never stops
  model.pieces.push_back("</think>");
  model.follows = {{"<0x0A>", "<one>"}, {"<one>", "<two>"}, {"<two>", "<one>"}};
  const Model loaded = llama::load_llama(write(model, "thinks-long.gguf"), kSmall);
  const Generation generation = thought(loaded, {.thinking_tokens = 7, .max_tokens = 3});
  EXPECT_EQ(generation.text, "<one><two><one>");
  EXPECT_EQ(generation.generated_tokens, 7 + 4 + 3)
      << "a line's end and `</think>` are put behind the thoughts";
}

TEST(LlamaThinking, AModelThatEndsInItsThoughtsIsMadeToAnswer) {
  TinyModel model = thinker("<|im_end|>");
  model.pieces.push_back("</think>");
  const Model loaded = llama::load_llama(write(model, "thinks-and-ends.gguf"), kSmall);
  const Generation generation = thought(loaded, {.thinking_tokens = 20});
  EXPECT_EQ(generation.text, "<one><two>");
  EXPECT_EQ(generation.generated_tokens, 2 + 4 + 2);
}

TEST(LlamaThinking, LeavesRoomForTheAnswer) {
  TinyModel model = thinker("<one>");
  model.pieces.push_back("</think>");
  model.follows = {{"<0x0A>", "<one>"}, {"<one>", "<two>"}, {"<two>", "<one>"}};
  const auto file = write(model, "thinks-in-little-room.gguf");
  for (const int context : {80, 96, 128}) {
    const Model loaded = llama::load_llama(file, {.context = context, .slots = 2, .threads = 1});
    const Generation generation = thought(loaded, {.thinking_tokens = 100, .max_tokens = 30});
    EXPECT_EQ(generation.finish, Generation::Finish::max_tokens) << context;
    EXPECT_EQ(generation.evidence.token_logprobs.size(), 30U) << context;
  }
}

TEST(LlamaThinking, NeedsAModelThatCanBeTold) {
  const Model loaded = llama::load_llama(write({}, "thoughtless.gguf"), kSmall);
  EXPECT_NE(loaded.no_thinking.find("enable_thinking"), std::string::npos) << loaded.no_thinking;
}

}  // namespace
}  // namespace slm::testing
