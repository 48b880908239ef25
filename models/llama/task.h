#pragma once

#include <llama.h>

#include <span>
#include <vector>

#include "models/generator.h"
#include "models/llama/guessing.h"

namespace slm::llama {

/// Tokens that a task wants evaluated after the first `start` of its sequence; what was evaluated beyond is
/// forgotten.
struct Evaluation {
  static constexpr std::size_t kLast = SIZE_MAX;

  std::vector<llama_token> tokens;
  int start = 0;
  std::size_t logits_from = kLast;  ///< the first token whose logits are wanted, and of all after it
};

/// The tokens that a request begins with.
struct Prompt {
  std::vector<llama_token> tokens;
  bool is_cut = false;  ///< the middle was left out, since it was too long
};

/// One request as the executor sees it: what to evaluate, what to make of the logits, whom to tell. The
/// executor's thread alone calls it, after it was made.
class Task {
 public:
  explicit Task(Patience patience) : patience_(std::move(patience)) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const Patience& patience() const { return patience_; }
  /// What is evaluated first. Until `next` is called.
  virtual const std::vector<llama_token>& prompt() const = 0;
  /// So much of the prompt was evaluated before. Called once, before `next`.
  virtual void begin(int /*cached_tokens*/) {}

  /// The next evaluation, valid until the next call, or null when the answer stands. Called to begin with,
  /// and whenever the logits of the one before were all taken.
  virtual const Evaluation* next(Guessing& guessing) = 0;

  /// Logits after the evaluation's token `index`. Leaves the evaluation as it is. False: those that are left
  /// of it are not wanted any more.
  virtual bool take(std::size_t index, std::span<const float> logits) = 0;

  /// Exactly one of these is called, once.
  virtual void answer() = 0;
  virtual void fail(ModelFailure failure) = 0;

 private:
  Patience patience_;
};

}  // namespace slm::llama
