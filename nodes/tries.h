#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "graph/registry.h"
#include "models/backoff.h"
#include "models/generator.h"

namespace slm {

/// How many more tries a failure of each cause is worth, and how long is waited before them.
struct RetryOptions {
  int unavailable = 0;
  int timeout = 0;
  int interrupted = 0;
  int invalid = 0;
  std::chrono::milliseconds wait{1000};
  std::chrono::milliseconds longest_wait{60'000};

  static Fields<RetryOptions> fields();
  /// Reports what is wrong with the node's `retry`, where it has one.
  static void check(const std::optional<RetryOptions>& options, CheckContext& context);
};

/// The tries of one call to a model. One thread at a time.
class Tries {
 public:
  /// Both must outlive it.
  Tries(const RetryOptions& options, const Message& message);

  /// How long to wait before the next try: random, as by `Backoff`, but no less than the server asks. Empty
  /// where the failure is the last word: none is left for its cause, or the wait would end after the
  /// message's deadline. Says the same until `next`.
  std::optional<Clock::duration> wait_after(const ModelFailure& failure) const;
  /// Another try follows this failure.
  void next(const ModelFailure& failure);
  void add_wait(Clock::duration wait) { waited_ += wait; }

  /// As a message ends with it, telling how often it was tried.
  ModelFailure last_word(ModelFailure failure) const;
  /// Tries that another followed.
  int failed() const { return failed_; }
  /// All waits so far.
  Clock::duration waited() const { return waited_; }
  /// Tokens of the failures before.
  int prompt_tokens() const { return prompt_tokens_; }
  int generated_tokens() const { return generated_tokens_; }

 private:
  static constexpr std::size_t kCauses = 5;
  bool is_any_left(const ModelFailure& failure) const;

  const Message& message_;
  std::array<int, kCauses> left_;  ///< by cause
  int failed_ = 0;
  Backoff backoff_;
  Clock::duration next_wait_;  ///< drawn ahead
  Clock::duration waited_{};
  int prompt_tokens_ = 0;
  int generated_tokens_ = 0;
};

}  // namespace slm
