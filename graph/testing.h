#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "graph/engine/engine.h"
#include "graph/node.h"

namespace slm {

/// A clock that stands still until it is told. Every function may be called from any thread.
class ManualClock final : public TimeSource {
 public:
  Clock::time_point now() const override { return Clock::time_point{Clock::duration{ticks_.load()}}; }
  void advance(Clock::duration by) { ticks_ += by.count(); }

 private:
  std::atomic<Clock::rep> ticks_{0};
};

/// What came of a message at one node: it left by `port`, or it ended there as `ending`.
struct NodeResult {
  Message message;
  std::optional<std::size_t> port;
  std::optional<OutcomeKind> ending;
  std::string reason;  ///< of an ending
};

/// Runs one node alone, as the engine would: what it throws is an ending `failed`, and its message has a hop.
///
/// An asynchronous node is waited for, up to `limit`; one that is not done by then has failed, and may still
/// use its message. One message at a time: not for use from several threads.
class NodeRunner {
 public:
  explicit NodeRunner(AnyNode node, std::chrono::milliseconds limit = std::chrono::seconds{10});

  NodeResult run(Request request);
  /// With what earlier nodes may have left in it.
  NodeResult run(Message message);
  /// For a join node only, which `run` is not for; throws std::bad_variant_access elsewhere.
  NodeResult join(Request request, std::span<const Branch> branches);

  AnyNode& node() { return node_; }

 private:
  AnyNode node_;
  std::chrono::milliseconds limit_;
};

}  // namespace slm
