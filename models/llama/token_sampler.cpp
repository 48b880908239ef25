#include "models/llama/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/llama/logits.h"

namespace slm::llama {
namespace {

constexpr float kRefused = -std::numeric_limits<float>::infinity();

std::vector<llama_token_data> candidates_of(std::span<const float> logits) {
  std::vector<llama_token_data> candidates(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) candidates[i] = {static_cast<llama_token>(i), logits[i], 0};
  return candidates;
}

/// The best of the `count` most likely tokens that the grammar allows. Asking for few is much cheaper than
/// asking for all, and a trained model's best allowed token is nearly always among them.
std::optional<std::size_t> best_allowed(const GrammarState& grammar,
                                        std::vector<llama_token_data>& candidates, std::size_t count) {
  count = std::min(count, candidates.size());
  const auto better = [](const llama_token_data& a, const llama_token_data& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  };
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  if (count < candidates.size()) std::nth_element(candidates.begin(), end, candidates.end(), better);
  std::sort(candidates.begin(), end, better);
  const std::span<llama_token_data> front(candidates.data(), count);
  grammar.restrict(front);
  for (const llama_token_data& candidate : front) {
    if (candidate.logit > kRefused) return static_cast<std::size_t>(candidate.id);
  }
  return std::nullopt;
}

}  // namespace

std::size_t TokenSampler::choose(std::span<const float> logits) {
  if (temperature_ <= 0) return best_of(logits);
  const double share = static_cast<double>(random_() >> 11U) * 0x1p-53;
  return draw(logits, temperature_, share);
}

std::optional<std::size_t> TokenSampler::choose_allowed(std::span<const float> logits) {
  // A token drawn from all and kept if allowed, else drawn from the allowed ones, is distributed as if drawn
  // from the allowed ones at once: p + (1 - Σ allowed) p / Σ allowed = p / Σ allowed.
  const std::size_t first = choose(logits);
  if (grammar_->allows(static_cast<llama_token>(first))) return first;
  std::vector<llama_token_data> candidates = candidates_of(logits);
  if (temperature_ <= 0) {
    constexpr std::size_t kFew = 32;
    if (const auto best = best_allowed(*grammar_, candidates, kFew)) return best;
    candidates = candidates_of(logits);
    return best_allowed(*grammar_, candidates, candidates.size());
  }
  grammar_->restrict(candidates);
  std::vector<float> allowed(logits.size());
  for (std::size_t i = 0; i < allowed.size(); ++i) allowed[i] = candidates[i].logit;
  const std::size_t second = choose(allowed);
  if (allowed[second] == kRefused) return std::nullopt;
  return second;
}

std::optional<SampledToken> TokenSampler::sample(std::span<const float> logits,
                                                 const Vocabulary& vocabulary) {
  const std::optional<std::size_t> chosen = grammar_ ? choose_allowed(logits) : choose(logits);
  if (!chosen) return std::nullopt;
  const auto token = static_cast<llama_token>(*chosen);
  // An end is never accepted: nothing comes after it, and the grammar could only object.
  if (grammar_ && !vocabulary.is_end(token)) grammar_->accept(token);
  const double logprob = logits[*chosen] - log_sum_exp(logits);
  return SampledToken{token, static_cast<float>(std::min(logprob, 0.0))};
}

bool TokenSampler::is_complete(const Vocabulary& vocabulary) const {
  if (!grammar_ || !grammar_->allows_end()) return false;
  const std::vector<float> zeros(vocabulary.size());
  std::vector<llama_token_data> candidates = candidates_of(zeros);
  grammar_->restrict(candidates);
  return std::none_of(candidates.begin(), candidates.end(), [&](const llama_token_data& candidate) {
    return candidate.logit > kRefused && !vocabulary.is_end(candidate.id);
  });
}

}  // namespace slm::llama
