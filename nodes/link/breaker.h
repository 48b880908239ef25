#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "graph/message.h"
#include "graph/pipeline.h"

namespace slm::link {

/// Tells when calls are to be kept from a callee that is there but goes on failing them: after so many
/// failures in a row it is open for a while, then half open, when a single call may try; each try that fails
/// doubles the while (the circuit breaker of Nygard, "Release It!", 2007).
class Breaker {
 public:
  enum class State { closed, open, half_open };

  explicit Breaker(BreakerSpec spec) : spec_{spec}, pause_{spec.retry_after} {}

  State state(Clock::time_point now) const {
    if (!retry_) return State::closed;
    return now < *retry_ ? State::open : State::half_open;
  }
  /// When it becomes half open; only where it is not closed.
  Clock::time_point retry() const { return *retry_; }
  std::chrono::milliseconds pause() const { return pause_; }

  /// Closes it. True where it was not closed.
  bool succeeded() {
    failures_ = 0;
    pause_ = spec_.retry_after;
    return std::exchange(retry_, std::nullopt).has_value();
  }
  /// Of a call that was sent while it was closed. True where it opens.
  bool failed(Clock::time_point now) {
    if (retry_ || spec_.failures == 0 || ++failures_ < spec_.failures) return false;
    retry_ = now + pause_;
    return true;
  }
  /// Of one that was sent while it was half open.
  void try_failed(Clock::time_point now) {
    pause_ = std::min(2 * pause_, kLongestPause);
    retry_ = now + pause_;
  }

 private:
  static constexpr std::chrono::milliseconds kLongestPause{60'000};

  const BreakerSpec spec_;
  int failures_ = 0;  ///< in a row
  std::chrono::milliseconds pause_;
  std::optional<Clock::time_point> retry_;
};

}  // namespace slm::link
