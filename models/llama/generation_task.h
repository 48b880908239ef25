#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "models/llama/draft.h"
#include "models/llama/task.h"
#include "models/llama/thoughts.h"
#include "models/llama/token_sampler.h"
#include "models/output/output_text.h"

namespace slm::llama {

/// Continues a prompt token by token.
class GenerationTask : public Task {
 public:
  using Done = std::function<void(GenerationResult)>;

  /// `request.constraint` is null or this model's. `context` is that of a request, in tokens. Without
  /// `can_guess`, no guesses at the answer are evaluated.
  GenerationTask(GenerationRequest request, Prompt prompt, const Vocabulary& vocabulary, int context,
                 bool can_guess, Done done);

  const std::vector<llama_token>& prompt() const override { return evaluation_.tokens; }
  void begin(int cached_tokens) override { generation_.cached_tokens = cached_tokens; }
  const Evaluation* next(Guessing& guessing) override;
  bool take(std::size_t index, std::span<const float> logits) override;
  void answer() override;
  void fail(ModelFailure failure) override { done_(std::move(failure)); }

 private:
  int end() const;
  void think(std::span<const float> logits);
  void sample(std::span<const float> logits);
  void finish(Generation::Finish how);
  std::vector<llama_token> guess(Guessing& guessing);

  const Vocabulary* vocabulary_;
  Thoughts thoughts_;
  std::shared_ptr<const CompiledConstraint> constraint_;
  Done done_;
  TokenSampler sampler_;
  output::OutputText text_;
  Draft draft_;
  double give_up_below_;
  int max_tokens_;
  int context_;
  bool can_guess_;
  Evaluation evaluation_;    // the prompt, then the last token, each with what may come next
  std::size_t guessed_ = 0;  // tokens at the end of the evaluation that are guesses
  std::size_t right_ = 0;    // of them, so far
  bool is_forced_ = false;   // they are what the grammar leaves no choice about
  Generation generation_;
  int thought_tokens_ = 0;               // between the prompt and the answer
  std::vector<llama_token> closing_;     // of the thoughts, to be evaluated next
  llama_token last_ = LLAMA_TOKEN_NULL;  // sampled, to be evaluated before that
  bool is_finished_ = false;
  bool is_stuck_ = false;
};

}  // namespace slm::llama
