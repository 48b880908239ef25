#pragma once

#include <algorithm>
#include <chrono>

namespace slm::llama {

/// What batch work may have of the time while interactive requests come: so many steps, so long ones, that it
/// adds no more than its share to the time of a request beside it, and that one which comes during a step
/// waits no longer than that share for its end. For one thread.
class BatchShare {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// `share` of the time that interactive requests take, 0 or more; 0: batch work waits until there are none.
  explicit BatchShare(double share) : share_{share} {}

  /// Whose step is next where both are under way.
  bool is_batch_next() const { return allowance_ > Duration::zero() && allowance_ >= last_batch_step_; }
  /// Tokens of a step of batch work, at least one.
  int most_tokens() const {
    if (request_s_ == 0 || token_s_ == 0) return kMostTokens;
    return static_cast<int>(std::clamp<double>(share_ * request_s_ / token_s_, 1, kMostTokens));
  }

  void interactive_stepped(Duration took) {
    allowance_ += std::chrono::duration_cast<Duration>(share_ * took);
  }
  void interactive_ended(Duration took) { note(request_s_, seconds(took)); }
  void batch_stepped(Duration took, int tokens) {
    allowance_ -= took;
    last_batch_step_ = took;
    note(token_s_, seconds(took) / tokens);
  }
  /// Nobody is held up any more: what was saved or overdrawn is forgotten.
  void forget() { allowance_ = {}; }

 private:
  static constexpr int kMostTokens = 64;
  static constexpr double kWeight = 0.125;

  static double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
  /// An exponential moving average, 0 at first.
  static void note(double& average, double value) {
    average += average == 0 ? value : kWeight * (value - average);
  }

  double share_;
  Duration allowance_{};
  Duration last_batch_step_{};
  double request_s_ = 0;  ///< that an interactive request takes in its slot
  double token_s_ = 0;    ///< that a token of a step of batch work takes
};

}  // namespace slm::llama
