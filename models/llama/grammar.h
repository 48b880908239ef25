#pragma once

#include <llama.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "models/generator.h"
#include "models/llama/handles.h"
#include "models/llama/vocabulary.h"
#include "models/output/json_schema.h"

namespace slm::llama {

struct Weights;

/// Where a text stands in its grammar: which tokens may come next. One thread at a time.
class GrammarState {
 public:
  GrammarState(SamplerHandle sampler, const Vocabulary& vocabulary)
      : sampler_(std::move(sampler)), vocabulary_(&vocabulary) {}

  bool allows(llama_token token) const;

  /// Sets the logit of every candidate that may not come next to minus infinity.
  void restrict(std::span<llama_token_data> candidates) const;

  /// Moves past a token that is allowed and does not end the text.
  void accept(llama_token token) { llama_sampler_accept(sampler_.get(), token); }

  /// What the text can only go on with, so far as it is of ASCII characters; empty where it has a choice.
  std::string forced_text() const;

  /// Whether the text may end here.
  bool allows_end() const;

 private:
  SamplerHandle sampler_;
  const Vocabulary* vocabulary_;
};

/// How often tokens are right that were guessed from what the grammar leaves no choice about: a model that
/// has learnt the format may have tokens of its own for it.
class ForcedGuesses {
 public:
  double right_share() const {
    return static_cast<double>(kHoped + right_) / static_cast<double>(kHoped + guessed_);
  }
  void saw(std::size_t guessed, std::size_t right) {
    guessed_ += guessed;
    right_ += right;
  }

 private:
  static constexpr std::size_t kHoped = 16;  ///< reckoned as right before any was seen
  std::atomic<std::size_t> guessed_{0};
  std::atomic<std::size_t> right_{0};
};

/// A JSON Schema or GBNF grammar made ready for one model's vocabulary.
class CompiledConstraint : public Constraint {
 public:
  /// Throws `ModelError` saying where, if the format cannot be expressed.
  CompiledConstraint(const ConstraintSource& source, std::shared_ptr<const Weights> weights);

  const Weights& weights() const { return *weights_; }
  GrammarState start() const;

  /// Whether the finished answer satisfies the schema; empty for a grammar.
  std::optional<bool> schema_valid(const std::string& text) const;

  /// Those of all requests.
  ForcedGuesses& guesses() const { return guesses_; }

 private:
  std::shared_ptr<const Weights> weights_;  // the sampler refers to their vocabulary
  std::optional<output::JsonSchema> schema_;
  SamplerHandle sampler_;
  mutable ForcedGuesses guesses_;
};

}  // namespace slm::llama
