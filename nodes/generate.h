#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "models/generator.h"
#include "nodes/chat.h"
#include "nodes/on_failure.h"
#include "nodes/prompt_template.h"
#include "nodes/retry.h"

namespace slm {

struct GenerateOptions {
  ModelRef model;
  std::optional<PromptTemplate> prompt;
  std::optional<ChatOptions> chat;  ///< one of the two
  std::optional<FilePath> schema;
  std::optional<FilePath> grammar;
  int max_tokens = 128;
  int thinking = 0;
  std::vector<std::string> stop;
  double temperature = 0;
  int seed = 0;
  bool early_exit = false;
  int samples = 0;
  std::optional<double> sample_temperature;
  std::optional<RetryOptions> retry;
  Port to{.when_open = OutcomeKind::answered};
  std::optional<OnFailure> on_failure;

  static Fields<GenerateOptions> fields();
};

/// The samples that a `generate` node takes, 0 for none; nothing for nodes of other types.
std::optional<int> samples_taken_by(const NodeSpec& node);

/// As `classify_retries`, of a `generate` node.
bool generate_retries(const NodeSpec& node);

/// `generate`: a language model continues a prompt; its text becomes the answer. Where samples are asked for,
/// they are written along with it, and the answer waits for them.
class GenerateNode : public AsyncNode {
 public:
  using Options = GenerateOptions;

  /// Throws `ModelError` where the output format cannot be held to.
  GenerateNode(GenerateOptions options, const NodeContext& context);
  void process(Message& message, Done done) override;

  static void check(const GenerateOptions& options, CheckContext& context);
  static std::vector<SignalKind> gives(const GenerateOptions& options, const PipelineSpec& pipeline);
  static std::string asks(const GenerateOptions& options);

 private:
  struct Ballot;
  Exit take(Message& message, Ballot& ballot) const;

  GenerateOptions options_;
  double give_up_below_;
  bool is_remote_;
  SubjectUse subjects_;
  ModelRates rates_;
  std::shared_ptr<Generator> generator_;
  std::shared_ptr<const Constraint> constraint_;
  FailureExit failure_exit_;
  Retry retry_;
};

}  // namespace slm
