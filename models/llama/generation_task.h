#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "models/llama/task.h"
#include "models/llama/token_sampler.h"
#include "models/output/output_text.h"

namespace slm::llama {

/// Continues a prompt token by token.
class GenerationTask : public Task {
 public:
  using Done = std::function<void(GenerationResult)>;

  /// `request.constraint` is null or this model's.
  GenerationTask(GenerationRequest request, std::vector<llama_token> prompt, const Vocabulary& vocabulary,
                 Done done);

  const std::vector<llama_token>& prompt() const override { return evaluation_.tokens; }
  const Evaluation* next() override;
  void take(std::size_t index, std::span<const float> logits) override;
  void answer() override;
  void fail(ModelFailure failure) override { done_(std::move(failure)); }

 private:
  void finish(Generation::Finish how);

  const Vocabulary* vocabulary_;
  std::shared_ptr<const CompiledConstraint> constraint_;
  Done done_;
  TokenSampler sampler_;
  output::OutputText text_;
  int max_tokens_;
  Evaluation evaluation_;  // the prompt, then one token at a time
  Generation generation_;
  llama_token last_ = LLAMA_TOKEN_NULL;  // sampled, to be evaluated next
  bool is_finished_ = false;
  bool is_stuck_ = false;
};

}  // namespace slm::llama
