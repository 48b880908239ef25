#pragma once

#include <functional>

#include "models/llama/task.h"

namespace slm::llama {

/// Scores each of several continuations of a prompt. They are one trie of tokens, walked depth first in the
/// prompt's own sequence: the prompt and every beginning that choices share are evaluated once, and a choice
/// of one token costs nothing more.
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
  using Tokens = std::vector<llama_token>;

  /// Adds to each choice that goes on from the first `depth` tokens of `path_` what its next token has.
  void score(std::size_t depth, std::span<const float> logits);

  std::shared_ptr<const std::vector<std::string>> names_;
  std::vector<Tokens> choices_;
  std::vector<std::size_t> order_;  // of the choices by their tokens: those that begin alike are neighbours
  std::vector<double> logprobs_;    // of the tokens seen so far, summed, for each choice
  Done done_;
  Evaluation evaluation_;
  int prompt_tokens_;
  bool is_prompt_cut_;
  bool is_begun_ = false;
  Tokens path_;             // what is evaluated after the prompt, or about to be
  std::size_t depth_ = 0;   // of its tokens, those evaluated before
  std::size_t choice_ = 0;  // in `order_`, the next to look at
};

}  // namespace slm::llama
