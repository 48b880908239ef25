#pragma once

#include <algorithm>
#include <atomic>

#include "graph/message.h"

namespace slm::engine {

/// How long messages that enter at a node keep a thread: an exponential moving average. Takes them for slow
/// at first. Every function may be called from any thread.
class Pace {
 public:
  bool is_quick() const { return average_.load(std::memory_order_relaxed) < kQuick.count(); }

  /// One that is extremely slow counts like a very slow one: a thread that was interrupted says little.
  void note(Clock::duration time) {
    const auto seen = std::clamp(time, Clock::duration{0}, 8 * kQuick).count();
    const auto before = average_.load(std::memory_order_relaxed);
    // What another thread notes in between may be lost; an average can spare it.
    average_.store(before + (seen - before) / kWeight, std::memory_order_relaxed);
  }

 private:
  /// Less than it takes to wake a thread and have it scheduled, several times over.
  static constexpr Clock::duration kQuick = std::chrono::microseconds{50};
  static constexpr Clock::rep kWeight = 16;

  std::atomic<Clock::rep> average_{(2 * kQuick).count()};
};

}  // namespace slm::engine
