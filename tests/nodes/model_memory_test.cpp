#include <gmock/gmock.h>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/llama/tiny_model.h"

namespace slm {
namespace {

TEST(ModelMemory, BoundsTheModelsOfAProgramThatEmbedsTheEngine) {
  register_builtin_nodes();
  testing::write({}, "memory.gguf");
  const auto pipeline = Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
      "  small: { backend: llama, file: memory.gguf, context: 64, slots: 1, threads: 1 }\n"
      "nodes:\n  a: { type: generate, model: small, prompt: '{text}', max_tokens: 1 }\n",
      testing::test_folder() / "memory.yaml");
  set_model_memory(1);
  std::string message;
  try {
    const Graph graph{pipeline};
  } catch (const PipelineError& error) {
    message = error.what();
  }
  EXPECT_THAT(message, ::testing::HasSubstr("models may take 1; allow more"));
  set_model_memory(0);
  EXPECT_EQ(Graph{pipeline}.submit({.text = "a"}).get().kind, OutcomeKind::answered);
}

}  // namespace
}  // namespace slm
