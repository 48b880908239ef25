#pragma once

#include <llama.h>

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "models/llama/grammar.h"

namespace slm::llama {

struct SampledToken {
  llama_token token;
  float logprob;  ///< natural log of its probability under the whole vocabulary at temperature 1
};

/// Chooses the tokens of one answer: the best one, or drawn at a temperature, among those its grammar allows.
/// The same logits and seed give the same tokens. One thread at a time.
class TokenSampler {
 public:
  TokenSampler(std::optional<GrammarState> grammar, float temperature, std::uint64_t seed)
      : grammar_(std::move(grammar)), temperature_(temperature), random_(seed) {}

  /// From now on, what the grammar allows.
  void hold_to(std::optional<GrammarState> grammar) { grammar_ = std::move(grammar); }

  /// Empty where the grammar allows no token of the vocabulary.
  std::optional<SampledToken> sample(std::span<const float> logits, const Vocabulary& vocabulary);

  /// What the grammar leaves no choice about next; empty where there is a choice.
  std::string forced_text() const { return grammar_ ? grammar_->forced_text() : std::string{}; }

  /// Whether the grammar leaves nothing but the end, so that the model need not be asked.
  bool is_complete(const Vocabulary& vocabulary) const;

 private:
  std::size_t choose(std::span<const float> logits);
  std::optional<std::size_t> choose_allowed(std::span<const float> logits);

  std::optional<GrammarState> grammar_;
  float temperature_;
  std::mt19937_64 random_;
};

}  // namespace slm::llama
