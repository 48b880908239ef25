#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace slm::bench {

/// How the nodes of the peer hand over to each other.
enum class Hand {
  tasks,            ///< TBB's default: each hop is a task
  task_then_calls,  ///< a task for the message, then TBB's `lightweight` calls, as the engine does
  calls,            ///< `lightweight` throughout: all five run inside `try_put`, on the submitter's thread
};

struct PeerOptions {
  std::size_t max_in_flight;
  int threads;
  Hand hand = Hand::tasks;
  /// Uses TBB's default arena, where the submitting thread is one of `threads`.
  bool joins_submitter = false;
  /// As often as the engine does for its trace.
  bool reads_clock = false;
};

/// Five hops of nodes that do nothing, written directly on oneTBB's flow graph: what the engine is measured
/// against. A heap-allocated message with id, text and callback travels as a pointer; a bound like the
/// engine's, so that both wait alike, holds them back. Messages a second.
double run_peer(const PeerOptions& options, std::size_t messages, const std::string& text,
                const std::function<void()>& on_end);

}  // namespace slm::bench
