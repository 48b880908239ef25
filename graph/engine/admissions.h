#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

#include "graph/engine/parcel.h"

namespace slm::engine {

/// New messages that no thread of the flow has taken yet.
///
/// A task for each would cost more than five hops of a cheap message, so a task takes several when many wait:
/// a share small enough that the others find as much to do. Batch work is taken when nothing else waits.
/// Every function may be called from any thread.
class Admissions {
 public:
  /// Shares are for so many threads.
  explicit Admissions(int threads) : threads_{static_cast<std::size_t>(threads)} {}

  /// True: nobody is called yet, and who put it must call somebody to `take`.
  bool put(Request&& request, Engine::Callback&& callback, Slot&& slot, Clock::time_point now);

  struct Share {
    std::vector<Submission> submissions;  ///< of one priority, oldest first
    bool leaves_more;                     ///< who took it must call somebody else, at once
  };
  Share take();

 private:
  static constexpr std::size_t kLargestShare = 16;

  /// Those of one priority.
  struct Lane {
    std::vector<Submission> arriving;
    std::vector<Submission> leaving;  ///< taken up to `left`; when all are, the two change places
    std::size_t left = 0;

    bool is_empty() const { return left == leaving.size() && arriving.empty(); }
  };

  const std::size_t threads_;
  std::mutex mutex_;
  std::array<Lane, 2> lanes_;  ///< by priority
  bool is_called_ = false;     ///< somebody is on the way to `take`
};

}  // namespace slm::engine
