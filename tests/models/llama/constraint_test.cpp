#include <gtest/gtest.h>

#include "models/llama/llama_model.h"
#include "models/output/json_schema.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

using Language = ConstraintSource::Language;

const LlamaOptions kSmall{.context = 512, .slots = 8, .threads = 1};

class LlamaConstraint : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = std::make_unique<Model>(llama::load_llama(
        write({.pieces = {"\"name\":", "{\"name\":\"", "\", \""}}, "constraint.gguf"), kSmall));
  }
  static void TearDownTestSuite() { model_.reset(); }

  static Generator& generator() { return *model_->generator; }
  static std::shared_ptr<const Constraint> schema(const std::string& text) {
    return generator().compile({Language::json_schema, text});
  }
  static std::shared_ptr<const Constraint> grammar(const std::string& text) {
    return generator().compile({Language::gbnf, text});
  }

  static inline std::unique_ptr<Model> model_;
};

const char* const kSchemas[] = {
    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "size": {"type": "integer",
        "minimum": 0, "maximum": 250}, "kind": {"enum": ["a", "b\"c", "ä", 3]}}, "required": ["name", "size"]})",
    R"({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 5})",
    R"({"oneOf": [{"type": "object", "properties": {"tool": {"const": "play"}, "artist": {"type": "string",
        "maxLength": 8}}, "required": ["tool"]}, {"type": "object", "properties": {"tool": {"const": "stop"}},
        "required": ["tool"]}]})",
    R"({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}})",
    R"({"type": "integer", "minimum": -20, "maximum": 20})",
    R"({"$ref": "#/$defs/pair", "$defs": {"leaf": {"type": "string", "minLength": 1, "maxLength": 4},
        "pair": {"type": "array", "items": {"$ref": "#/$defs/leaf"}, "minItems": 2, "maxItems": 2}}})",
    R"({"type": "object", "properties": {}, "additionalProperties": false})",
};

TEST_F(LlamaConstraint, HoldsRandomModelsToEverySchema) {
  std::vector<std::pair<const char*, std::future<GenerationResult>>> asked;
  for (const char* text : kSchemas) {
    const auto constraint = schema(text);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const float temperature = seed == 0 ? 0.0F : 1.5F;
      asked.emplace_back(text, begin(generator(), {.prompt = "play " + std::to_string(seed),
                                                   .constraint = constraint,
                                                   .max_tokens = 300,
                                                   .temperature = temperature,
                                                   .seed = seed}));
    }
  }
  for (auto& [text, future] : asked) {
    const GenerationResult result = future.get();
    ASSERT_TRUE(std::holds_alternative<Generation>(result)) << text_of(result);
    const auto& generation = std::get<Generation>(result);
    EXPECT_EQ(generation.finish, Generation::Finish::end_of_text) << text << '\n' << generation.text;
    EXPECT_EQ(generation.evidence.schema_valid, true)
        << text << '\n'
        << generation.text << '\n'
        << output::JsonSchema::parse(text).violation(generation.text).value_or("");
    EXPECT_EQ(generation.evidence.token_logprobs.size(),
              static_cast<std::size_t>(generation.generated_tokens));
  }
}

TEST_F(LlamaConstraint, SaysThatACutAnswerIsInvalid) {
  const auto generation = std::get<Generation>(
      ask(generator(),
          {.prompt = "a", .constraint = schema(R"({"type": "string", "minLength": 50})"), .max_tokens = 5}));
  EXPECT_EQ(generation.finish, Generation::Finish::max_tokens);
  EXPECT_EQ(generation.evidence.schema_valid, false);
}

TEST_F(LlamaConstraint, HoldsToAGrammarAndSaysNothingOfSchemas) {
  const auto generation = std::get<Generation>(
      ask(generator(), {.prompt = "a", .constraint = grammar("root ::= (\"yes\" | \"no\") \"!\"{3}")}));
  EXPECT_TRUE(generation.text == "yes!!!" || generation.text == "no!!!") << generation.text;
  EXPECT_EQ(generation.finish, Generation::Finish::end_of_text);
  EXPECT_FALSE(generation.evidence.schema_valid.has_value());
}

TEST_F(LlamaConstraint, MayEndOrGoOnWhereTheGrammarAllowsBoth) {
  const auto generation = std::get<Generation>(
      ask(generator(), {.prompt = "a", .constraint = grammar("root ::= \"ab\"*"), .max_tokens = 20}));
  EXPECT_EQ(generation.text.find_first_not_of("ab"), std::string::npos);
}

TEST_F(LlamaConstraint, SpellsCharactersThatNoTokenHasByTheirBytes) {
  const auto generation =
      std::get<Generation>(ask(generator(), {.prompt = "a", .constraint = grammar("root ::= \"€ 日本\"")}));
  EXPECT_EQ(generation.text, "€ 日本");
}

TEST_F(LlamaConstraint, NeverTakesAControlTokensNameForText) {
  const auto file = write({.width = 256, .follows = {{"a", "<s>"}, {"<s>", "</s>"}}}, "control.gguf");
  const Model model = llama::load_llama(file, kSmall);
  const auto constraint = model.generator->compile({Language::gbnf, "root ::= [<>s]{3}"});
  const auto generation =
      std::get<Generation>(ask(*model.generator, {.prompt = "a", .constraint = constraint}));
  EXPECT_EQ(generation.text.size(), 3U) << generation.text;
}

TEST_F(LlamaConstraint, RefusesAGrammarThatLlamaCppCannotRun) {
  EXPECT_THROW(grammar("root ::= root \"a\""), ModelError);
  EXPECT_THROW(grammar("root ::= \"a"), ModelError);
  EXPECT_THROW(schema(R"({"type": "string", "pattern": "a"})"), ModelError);
}

TEST_F(LlamaConstraint, RefusesAnotherModelsConstraint) {
  const Model other = llama::load_llama(write({}, "other.gguf"), kSmall);
  const std::string text =
      text_of(ask(*other.generator, {.prompt = "a", .constraint = grammar("root ::= \"a\"")}));
  EXPECT_NE(text.find("compiled by another model"), std::string::npos);
}

TEST_F(LlamaConstraint, OutlivesItsModel) {
  std::shared_ptr<const Constraint> constraint;
  {
    const Model model = llama::load_llama(write({}, "gone.gguf"), kSmall);
    constraint = model.generator->compile({Language::gbnf, "root ::= \"a\""});
  }
  constraint.reset();
}

}  // namespace
}  // namespace slm::testing
