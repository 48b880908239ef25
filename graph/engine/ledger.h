#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "graph/engine/engine.h"

namespace slm::engine {

/// Counts messages in and out. Every function may be called from any thread.
class Ledger {
 public:
  /// Counts a message in; its number, from 1.
  std::uint64_t submit() { return submitted_.fetch_add(1) + 1; }
  void end(OutcomeKind kind) { ended_[static_cast<std::size_t>(kind)].fetch_add(1); }

  /// The counts of one moment: retries while they move under it, and costs those who count nothing.
  Counts counts() const;

 private:
  static constexpr std::size_t kKinds = 5;

  // Apart, because submitters write the one and the engine's threads the others.
  alignas(64) std::atomic<std::uint64_t> submitted_{0};
  alignas(64) std::array<std::atomic<std::uint64_t>, kKinds> ended_{};
};

}  // namespace slm::engine
