#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "graph/engine/parcel.h"

namespace slm::engine {

/// A message that waits at a fork while its branches are out.
///
/// Branches and inner forks share it, so it lives until the last branch is gone, also those called off after
/// it was settled; and as long as it lives, it holds the message's slot. Every function may be called from
/// any thread.
class Fork {
 public:
  /// Takes `trunk`, the message at the fork, which `join` is to gather from `expected` branches.
  Fork(ParcelPtr trunk, std::size_t join, std::size_t expected);

  /// A copy of the message, to be one of the branches. Stopped when the message is, or when it is called off.
  static ParcelPtr branch(const std::shared_ptr<Fork>& fork);

  /// Where branches are gathered.
  std::size_t join() const { return join_; }

  /// The message back with what came of its branches, in the order they came.
  struct Settled {
    ParcelPtr trunk;  ///< null: not settled by this
    std::vector<Branch> branches;
    std::exception_ptr thrown;  ///< by the join node when it was asked
  };

  /// Takes what came of a branch; empty: it was called off together with the branch that this fork is in. The
  /// first call that settles the fork gets the message back.
  Settled report(const JoinNode& node, std::optional<Branch> branch);

  /// Whether nobody waits any more for branches of this fork: it is settled, or so is one around it.
  bool is_over() const;

  /// Hops that branches have from before the fork.
  std::size_t hops_before() const { return hops_before_; }

 private:
  struct StopBranches {
    std::stop_source& branches;
    void operator()() const { branches.request_stop(); }
  };

  const std::size_t join_;
  const std::size_t expected_;
  const std::size_t hops_before_;
  const std::shared_ptr<Fork> around_;      ///< the fork that this one is in a branch of
  const std::shared_ptr<const Slot> slot_;  ///< only of an outermost fork
  std::stop_source stop_;
  std::stop_callback<StopBranches> on_cancelled_;

  std::atomic<bool> settled_ = false;
  std::mutex mutex_;  ///< of all below, until settled
  ParcelPtr trunk_;
  std::vector<Branch> branches_;
  std::size_t back_ = 0;
};

}  // namespace slm::engine
