#include "models/llama/scoring_task.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "models/llama/logits.h"

namespace slm::llama {

ScoringTask::ScoringTask(ChoiceRequest request, Prompt prompt, std::vector<Tokens> choices, Done done)
    : Task(std::move(request.patience)),
      names_(std::move(request.choices)),
      choices_(std::move(choices)),
      order_(choices_.size()),
      logprobs_(choices_.size()),
      done_(std::move(done)),
      evaluation_{.tokens = std::move(prompt.tokens), .start = 0},
      prompt_tokens_(static_cast<int>(evaluation_.tokens.size())),
      is_prompt_cut_(prompt.is_cut) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::ranges::sort(order_, {}, [this](std::size_t i) -> const Tokens& { return choices_[i]; });
}

const Evaluation* ScoringTask::next(Guessing&) {
  if (!std::exchange(is_begun_, true)) return &evaluation_;
  for (; choice_ < order_.size(); ++choice_) {
    // What comes after a choice's last token is nobody's business.
    const auto tokens =
        std::span<const llama_token>(choices_[order_[choice_]]).first(choices_[order_[choice_]].size() - 1);
    depth_ = static_cast<std::size_t>(std::ranges::mismatch(tokens, path_).in1 - tokens.begin());
    if (depth_ == tokens.size()) continue;
    path_.assign(tokens.begin(), tokens.end());
    const auto rest = tokens.subspan(depth_);
    evaluation_.tokens.assign(rest.begin(), rest.end());
    evaluation_.start = prompt_tokens_ + static_cast<int>(depth_);
    evaluation_.logits_from = 0;
    return &evaluation_;
  }
  return nullptr;
}

bool ScoringTask::take(std::size_t index, std::span<const float> logits) {
  score(path_.empty() ? 0 : depth_ + index + 1, logits);
  return true;
}

void ScoringTask::score(std::size_t depth, std::span<const float> logits) {
  const double all = log_sum_exp(logits);
  const auto path = std::span<const llama_token>(path_).first(depth);
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const Tokens& choice = choices_[i];
    if (choice.size() > depth && std::ranges::equal(path, std::span(choice).first(depth)))
      logprobs_[i] += logits[static_cast<std::size_t>(choice[depth])] - all;
  }
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
