#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "models/generator.h"
#include "nodes/prompt_template.h"

namespace slm {

struct GenerateOptions {
  ModelRef model;
  PromptTemplate prompt;
  std::optional<FilePath> schema;
  std::optional<FilePath> grammar;
  int max_tokens = 128;
  std::vector<std::string> stop;
  double temperature = 0;
  int seed = 0;
  Port to{.when_open = OutcomeKind::answered};

  static Fields<GenerateOptions> fields();
};

/// `generate`: a language model continues a prompt; its text becomes the answer.
class GenerateNode : public AsyncNode {
 public:
  using Options = GenerateOptions;

  /// Throws `ModelError` where the output format cannot be held to.
  GenerateNode(GenerateOptions options, const NodeContext& context);
  void process(Message& message, Done done) override;

  static void check(const GenerateOptions& options, CheckContext& context);
  static std::vector<SignalKind> gives(const GenerateOptions& options, const PipelineSpec& pipeline);

 private:
  Exit take(Message& message, GenerationResult result) const;

  GenerateOptions options_;
  bool is_remote_;
  std::shared_ptr<Generator> generator_;
  std::shared_ptr<const Constraint> constraint_;
};

}  // namespace slm
