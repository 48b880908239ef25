#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "graph/engine/plan.h"
#include "graph/message.h"

namespace slm {

/// Tells the time, so that tests can set it. Called from any thread.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual Clock::time_point now() const = 0;
};

struct EngineOptions {
  // Behaviour
  std::size_t max_in_flight = 1024;  ///< `submit` blocks at this many; costs their memory
  std::optional<std::chrono::milliseconds>
      timeout;  ///< for requests that bring none; empty: they never expire
  // Performance
  int threads = 0;  ///< of the scheduler; 0: one a processor
  // Tests
  std::shared_ptr<const TimeSource> time;  ///< null: the steady clock
};

/// Where all messages are: submitted = answered + rejected + abstained + expired + failed + in_flight,
/// always.
struct Counts {
  std::uint64_t submitted = 0;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t abstained = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
};

/// Runs messages through a plan on oneTBB's flow graph.
///
/// Every function may be called from any thread, also from callbacks, but `submit` from a callback can wait
/// for ever when the graph is full; use `try_submit` there.
class Engine {
 public:
  using Callback = std::function<void(Outcome)>;

  Engine(Plan plan, EngineOptions options);
  /// Waits until nothing is in flight.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Blocks while `max_in_flight` messages are on their way. The callback runs once, on a thread of the
  /// engine or of a model; it must be quick, and what it throws is dropped.
  void submit(Request request, Callback callback);
  /// False, with `request` and `callback` untouched, where `submit` would block.
  bool try_submit(Request& request, Callback& callback);

  /// Waits until nothing is in flight; others may go on submitting.
  void drain();
  /// Ends everything in flight, and everything submitted later, `expired` at its next node.
  void cancel();

  /// A consistent snapshot.
  Counts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
