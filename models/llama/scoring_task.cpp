#include "models/llama/scoring_task.h"

#include <cmath>

#include "models/llama/logits.h"

namespace slm::llama {

ScoringTask::ScoringTask(ChoiceRequest request, Prompt prompt, std::vector<std::vector<llama_token>> choices,
                         Done done)
    : Task(std::move(request.patience)),
      names_(std::move(request.choices)),
      choices_(std::move(choices)),
      logprobs_(choices_.size()),
      done_(std::move(done)),
      evaluation_{.tokens = std::move(prompt.tokens), .start = 0},
      prompt_tokens_(static_cast<int>(evaluation_.tokens.size())),
      is_prompt_cut_(prompt.is_cut) {}

const Evaluation* ScoringTask::next(Guessing&) {
  if (!is_begun_) {
    is_begun_ = true;
    return &evaluation_;
  }
  choice_ = is_prompt_ ? 0 : choice_ + 1;
  is_prompt_ = false;
  while (choice_ < choices_.size() && choices_[choice_].size() == 1) ++choice_;
  if (choice_ == choices_.size()) return nullptr;
  const std::vector<llama_token>& tokens = choices_[choice_];
  evaluation_.tokens.assign(tokens.begin(), tokens.end() - 1);
  evaluation_.start = prompt_tokens_;
  evaluation_.logits_from = 0;
  return &evaluation_;
}

bool ScoringTask::take(std::size_t index, std::span<const float> logits) {
  const double all = log_sum_exp(logits);
  const auto logprob = [&](llama_token token) { return logits[static_cast<std::size_t>(token)] - all; };
  if (!is_prompt_) {
    logprobs_[choice_] += logprob(choices_[choice_][index + 1]);
    return true;
  }
  for (std::size_t i = 0; i < choices_.size(); ++i) logprobs_[i] = logprob(choices_[i].front());
  return true;
}

void ScoringTask::answer() {
  const std::vector<float> sums(logprobs_.begin(), logprobs_.end());
  const double all = log_sum_exp(sums);
  ChoiceScores scores;
  scores.prompt_tokens = prompt_tokens_;
  scores.is_prompt_cut = is_prompt_cut_;
  scores.evidence.labels.names = names_;
  for (const double logprob : logprobs_)
    scores.evidence.labels.probabilities.push_back(static_cast<float>(std::exp(logprob - all)));
  done_(std::move(scores));
}

}  // namespace slm::llama
