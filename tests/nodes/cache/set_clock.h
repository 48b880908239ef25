#pragma once

#include <atomic>

#include "nodes/cache/kept_lines.h"

namespace slm::cache {

/// A clock that a test sets.
struct SetClock {
  std::atomic<std::chrono::seconds> time{std::chrono::seconds{1'000'000}};

  void pass(std::chrono::seconds seconds) { time = time.load() + seconds; }
  WallClock reader() const {
    return [this] { return WallTime{time.load()}; };
  }
};

}  // namespace slm::cache
