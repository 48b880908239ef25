#pragma once

#include <functional>

#include "models/llama/task.h"

namespace slm::llama {

/// Scores each of several continuations of a prompt. The prompt is evaluated once; its logits give every
/// choice's first token, so that choices of one token cost nothing more, and the others each evaluate their
/// own tokens but the last, one choice after the other in the same sequence.
class ScoringTask : public Task {
 public:
  using Done = std::function<void(ChoiceResult)>;

  /// `choices` are the tokens of `request.choices`, none empty.
  ScoringTask(ChoiceRequest request, Prompt prompt, std::vector<std::vector<llama_token>> choices, Done done);

  const std::vector<llama_token>& prompt() const override { return evaluation_.tokens; }
  const Evaluation* next(Guessing& guessing) override;
  bool take(std::size_t index, std::span<const float> logits) override;
  void answer() override;
  void fail(ModelFailure failure) override { done_(std::move(failure)); }

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
  std::vector<std::vector<llama_token>> choices_;
  std::vector<double> logprobs_;  // of the tokens seen so far, summed, for each choice
  Done done_;
  Evaluation evaluation_;
  int prompt_tokens_;
  bool is_prompt_cut_;
  bool is_prompt_ = true;  // being evaluated, else `choice_`
  bool is_begun_ = false;
  std::size_t choice_ = 0;
};

}  // namespace slm::llama
