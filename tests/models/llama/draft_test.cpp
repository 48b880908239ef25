#include "models/llama/draft.h"

#include <gtest/gtest.h>

#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

using llama::Draft;

std::vector<llama_token> proposal(const Draft& draft) {
  return {draft.proposal().begin(), draft.proposal().end()};
}

TEST(DraftTest, ProposesAllOfItselfAtFirstAndWhatIsLeftAsItIsFollowed) {
  Draft draft{{1, 2, 3}};
  EXPECT_EQ(proposal(draft), (std::vector<llama_token>{1, 2, 3}));
  draft.follow(1);
  draft.follow(2);
  EXPECT_EQ(proposal(draft), (std::vector<llama_token>{3}));
  draft.follow(3);
  EXPECT_TRUE(proposal(draft).empty());
  draft.follow(4);
  EXPECT_TRUE(proposal(draft).empty());
}

TEST(DraftTest, IsTakenUpAgainAfterATokenThatIsAnother) {
  Draft draft{{1, 2, 3, 4, 5}};
  draft.follow(1);
  draft.follow(9);
  EXPECT_EQ(proposal(draft), (std::vector<llama_token>{3, 4, 5}));
  draft.follow(3);
  EXPECT_EQ(proposal(draft), (std::vector<llama_token>{4, 5}));
}

TEST(DraftTest, IsTakenUpAgainAfterTokensThatItHasNotOrThatTheAnswerHasNot) {
  Draft added{{1, 2, 3}};
  for (const llama_token token : {1, 7, 8, 9}) added.follow(token);
  EXPECT_TRUE(proposal(added).empty());
  added.follow(2);
  EXPECT_EQ(proposal(added), (std::vector<llama_token>{3}));
  Draft left_out{{1, 2, 3, 4, 5}};
  for (const llama_token token : {1, 3, 4}) left_out.follow(token);
  EXPECT_EQ(proposal(left_out), (std::vector<llama_token>{5}));
}

TEST(DraftTest, ProposesLittleAfterADepartureAndMoreAsItComesTrue) {
  std::vector<llama_token> tokens(100);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<llama_token>(i);
  Draft draft{tokens};
  EXPECT_EQ(draft.proposal().size(), 100U);
  draft.follow(1);  // 0 is left out
  draft.follow(2);
  EXPECT_EQ(draft.proposal().size(), 8U);
  for (llama_token token = 3; token < 7; ++token) draft.follow(token);
  EXPECT_EQ(draft.proposal().size(), 12U);
}

TEST(DraftTest, OfNothingProposesNothing) {
  Draft draft{{}};
  draft.follow(1);
  EXPECT_TRUE(draft.proposal().empty());
}

class LlamaDraft : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Llama, LlamaDraft, ::testing::Values("llama", "qwen3", "phi3"));

TEST_P(LlamaDraft, ChangesNoAnswerHoweverRightOrWrong) {
  const auto file =
      write({.architecture = GetParam(), .has_ends = false}, std::string{GetParam()} + "-draft.gguf");
  const Model model = llama::load_llama(file, {.context = 256, .slots = 2, .threads = 1});
  for (const float temperature : {0.0F, 1.0F}) {
    const GenerationRequest request{
        .prompt = "play some", .max_tokens = 40, .temperature = temperature, .seed = 5};
    const auto plain = std::get<Generation>(ask(*model.generator, request));
    EXPECT_EQ(plain.drafted_tokens, 0);
    const std::string half = plain.text.substr(0, plain.text.size() / 2);
    const std::string drafts[] = {plain.text, half,        half + "jazz" + plain.text.substr(half.size()),
                                  "x",        "play jazz", plain.text + plain.text};
    for (const std::string& text : drafts) {
      GenerationRequest drafted = request;
      drafted.draft = text;
      const auto generation = std::get<Generation>(ask(*model.generator, drafted));
      EXPECT_EQ(generation.text, plain.text) << text;
      EXPECT_EQ(generation.generated_tokens, plain.generated_tokens);
      ASSERT_EQ(generation.evidence.token_logprobs.size(), plain.evidence.token_logprobs.size());
      for (std::size_t i = 0; i < plain.evidence.token_logprobs.size(); ++i)
        EXPECT_NEAR(generation.evidence.token_logprobs[i], plain.evidence.token_logprobs[i], 0.02);
    }
  }
}

TEST(LlamaDraftSteps, ThatComeTrueAreSpared) {
  // Each letter is followed by the next: the answer is known.
  const auto file = write(
      {.width = 256, .follows = {{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"e", "f"}, {"f", "a"}}},
      "spared.gguf");
  const Model model = llama::load_llama(file, {.context = 256, .slots = 2, .threads = 1});
  const auto drafted = [&](const std::string& text) {
    return std::get<Generation>(ask(*model.generator, {.prompt = "a", .draft = text, .max_tokens = 13}));
  };
  EXPECT_EQ(drafted("").text, "bcdefabcdefab");
  EXPECT_EQ(drafted("bcdefabcdefab").drafted_tokens, 12) << "the last one is not evaluated";
  EXPECT_EQ(drafted("bcdXfabcdefab").text, "bcdefabcdefab");
  EXPECT_GE(drafted("bcdXfabcdefab").drafted_tokens, 9);
}

TEST(LlamaDraftSteps, AreSparedWhereAGrammarLeavesNoChoice) {
  const auto file = write({.pieces = {"\"name\":"}}, "forced.gguf");
  const Model model = llama::load_llama(file, {.context = 256, .slots = 2, .threads = 1});
  const auto constraint = model.generator->compile(
      {ConstraintSource::Language::gbnf, R"(root ::= "{\"name\":\"" ("x" | "y") "\",\"size\":0}")"});
  const auto generation = std::get<Generation>(
      ask(*model.generator, {.prompt = "a", .constraint = constraint, .max_tokens = 60}));
  EXPECT_TRUE(generation.text == R"({"name":"x","size":0})" || generation.text == R"({"name":"y","size":0})")
      << generation.text;
  // A random model may spell it in other tokens than the tokenizer does; not all of it, though.
  EXPECT_GT(generation.drafted_tokens, 4);
}

TEST(LlamaDraftBounds, AreTheContextAndTheTokensAskedFor) {
  const auto file = write({.has_ends = false}, "draft-bounds.gguf");
  const Model model = llama::load_llama(file, {.context = 64, .slots = 1, .threads = 1, .batch = 8});
  const auto plain = text_of(ask(*model.generator, {.prompt = "play", .max_tokens = 55}));
  std::string long_draft = plain;
  for (int i = 0; i < 50; ++i) long_draft += " play some jazz";
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "play", .draft = long_draft, .max_tokens = 55})), plain);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "play", .draft = long_draft, .max_tokens = 1})),
            text_of(ask(*model.generator, {.prompt = "play", .max_tokens = 1})));
  // The context ends the same answer as without.
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "play", .draft = long_draft, .max_tokens = 500})),
            text_of(ask(*model.generator, {.prompt = "play", .max_tokens = 500})));
}

}  // namespace
}  // namespace slm::testing
