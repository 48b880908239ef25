#pragma once

#include <cstddef>
#include <span>

namespace slm::llama {

/// Position of the largest logit, the first where several are; 0 for none.
std::size_t best_of(std::span<const float> logits);

/// ln Σ exp(logits): a token's log-probability is its logit less this.
double log_sum_exp(std::span<const float> logits);

/// Probability of the most likely token less that of the second.
double probability_margin(std::span<const float> logits);

/// Adds up exp((logit - best) / temperature) in order until `share` of the total is reached, and says where:
/// a token drawn at that temperature when `share` is uniform in [0, 1).
std::size_t draw(std::span<const float> logits, double temperature, double share);

}  // namespace slm::llama
