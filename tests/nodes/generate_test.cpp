#include <gtest/gtest.h>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "nodes/model_resource.h"
#include "tests/models/llama/tiny_model.h"

namespace slm {
namespace {

/// A pipeline of nodes that share a model: one which spells out "<one>€<two>" where a prompt ends in '>', or
/// one that is never sure.
Pipeline pipeline(const std::string& nodes, const std::string& model = "speller") {
  register_builtin_nodes();
  testing::write({.width = 256,
                  .pieces = {"<one>", "<two>"},
                  .follows = {{">", "<one>"},
                              {"<one>", "<0xE2>"},
                              {"<0xE2>", "<0x82>"},
                              {"<0x82>", "<0xAC>"},
                              {"<0xAC>", "<two>"},
                              {"<two>", "</s>"}}},
                 "speller.gguf");
  testing::write({}, "unsure.gguf");
  return Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
      "  small: { backend: llama, file: " +
          model + ".gguf, context: 256, slots: 2, threads: 1 }\nnodes:\n" + nodes,
      testing::test_folder() / "p.yaml");
}

Outcome outcome_of(const std::string& nodes, const std::string& text, const std::string& model = "speller") {
  Graph graph{pipeline(nodes, model)};
  return graph.submit({.text = text}).get();
}

TEST(GenerateNode, AnswersWithWhatTheModelWrites) {
  const Outcome outcome = outcome_of("  a: { type: generate, model: small, prompt: '{text}>' }\n", "pay");
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(outcome.answer.text, "<one>€<two>");
  EXPECT_EQ(outcome.answer.tier, "small");
  EXPECT_EQ(outcome.trace.at(0).generated_tokens, 5U);
  EXPECT_GT(outcome.trace.at(0).prompt_tokens, 0U);
}

TEST(GenerateNode, KeepsToItsOptions) {
  const auto text = [](const std::string& options) {
    return outcome_of("  a: { type: generate, model: small, prompt: '{text}>', " + options + " }\n", "pay")
        .answer.text;
  };
  EXPECT_EQ(text("max_tokens: 1"), "<one>");
  EXPECT_EQ(text("stop: [€]"), "<one>");
}

TEST(GenerateNode, LeavesEvidenceForTheGateThatFollows) {
  const Outcome outcome = outcome_of(
      "  a: { type: generate, model: small, prompt: '{text}>', to: gate }\n"
      "  gate: { type: gate, confidence: { signal: min_token_prob }, accept: { at_least: 0.5 } }\n",
      "pay");
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  EXPECT_GT(outcome.answer.confidence.value_or(0), 0.5);
}

TEST(GenerateNode, StopsEarlyWhereTheGateCanOnlyEscalate) {
  const auto outcome = [](const std::string& early_exit) {
    return outcome_of(
        "  a: { type: generate, model: small, prompt: '{text}', max_tokens: 12, early_exit: " + early_exit +
            ", to: gate }\n"
            "  gate: { type: gate, confidence: { signal: min_token_prob },"
            " accept: { at_least: 0.99 }, escalate: { to: b } }\n"
            "  b: { type: generate, model: small, prompt: '{text}', max_tokens: 12 }\n",
        "pay", "unsure");
  };
  const Outcome whole = outcome("false");
  const Outcome early = outcome("true");
  ASSERT_EQ(whole.trace.size(), 3U);
  ASSERT_EQ(early.trace.size(), 3U);
  EXPECT_LT(early.trace[0].generated_tokens, 6U);
  EXPECT_EQ(whole.trace[0].generated_tokens, 12U);
  EXPECT_EQ(early.trace[2].generated_tokens, 12U);
  EXPECT_EQ(early.answer.text, whole.answer.text);
}

TEST(GenerateNode, DoesNotStopEarlyWhereItIsSure) {
  const Outcome outcome = outcome_of(
      "  a: { type: generate, model: small, prompt: '{text}>', early_exit: true, to: gate }\n"
      "  gate: { type: gate, confidence: { signal: min_token_prob }, accept: { at_least: 0.9 }, escalate: { "
      "to: "
      "b } }\n"
      "  b: { type: generate, model: small, prompt: '{text}>' }\n",
      "pay");
  EXPECT_EQ(outcome.trace.size(), 2U);
  EXPECT_EQ(outcome.answer.text, "<one>€<two>");
}

TEST(GenerateNode, StopsEarlyOnlyBeforeAGateByTheLeastLikelyToken) {
  const auto mistakes = [](const std::string& nodes) {
    try {
      pipeline(nodes);
    } catch (const PipelineError& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  EXPECT_NE(mistakes("  a: { type: generate, model: small, prompt: '{text}', early_exit: true }\n")
                .find("needs a gate in `to`"),
            std::string::npos);
  EXPECT_NE(
      mistakes("  a: { type: generate, model: small, prompt: '{text}', early_exit: true, to: gate }\n"
               "  gate: { type: gate, confidence: { signal: mean_logprob }, accept: { at_least: -1 } }\n")
          .find("min_token_prob"),
      std::string::npos);
  EXPECT_NE(
      mistakes("  a: { type: generate, model: small, prompt: '{text}', early_exit: true, to: gate }\n"
               "  gate: { type: gate, confidence: { signal: min_token_prob }, accept: { at_least: 0.9 } }\n")
          .find("needs `escalate`"),
      std::string::npos);
}

TEST(GenerateNode, FailsAMessageWhosePromptIsTooLong) {
  const Outcome outcome =
      outcome_of("  a: { type: generate, model: small, prompt: '{text}>' }\n", std::string(2000, 'q'));
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason.find("a: "), 0U) << outcome.reason;
}

TEST(ClassifyNode, ChoosesWhatALanguageModelWouldContinueWith) {
  const Outcome outcome = outcome_of(
      "  a: { type: classify, model: small, prompt: '{text}>', choices: ['<two>', '<one>'], to: gate }\n"
      "  gate: { type: gate, confidence: { signal: max_prob }, accept: { label: '<one>', at_least: 0.5 } }\n",
      "pay");
  EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(outcome.answer.label, "<one>");
  EXPECT_GT(outcome.answer.confidence.value_or(0), 0.9);
  EXPECT_GT(outcome.trace.at(0).prompt_tokens, 0U);
}

TEST(ClassifyNode, FailsAMessageWhosePromptIsTooLong) {
  const Outcome outcome =
      outcome_of("  a: { type: classify, model: small, prompt: '{text}>', choices: ['<two>', '<one>'] }\n",
                 std::string(2000, 'q'));
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
}

/// Takes note of who asks a model, instead of it.
class Askers : public Generator, public ChoiceScorer {
 public:
  std::shared_ptr<const Constraint> compile(const ConstraintSource&) const override { return nullptr; }
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override {
    names.push_back(request.patience.asker);
    done(Generation{.text = "x"});
  }
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override {
    names.push_back(request.patience.asker);
    done(ChoiceScores{.chosen = 0});
  }

  std::vector<std::string> names;  // for one message at a time
};

TEST(NodesThatShareAModel, TellItWhichOfThemAsks) {
  const auto askers = std::make_shared<Askers>();
  GraphOptions options;
  options.wrap = [&](const ModelSpec&, const std::shared_ptr<Resource>&) {
    return std::make_shared<ModelResource>(Model{.info = {}, .generator = askers, .scorer = askers});
  };
  Graph graph{pipeline("  a: { type: classify, model: small, prompt: '{text}', choices: [x, y], to: b }\n"
                       "  b: { type: generate, model: small, prompt: '{text}', to: c }\n"
                       "  c: { type: generate, model: small, prompt: '{text}' }\n"),
              options};
  const Outcome outcome = graph.submit({.text = "pay"}).get();
  EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(askers->names, (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace
}  // namespace slm
