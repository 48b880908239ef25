#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "graph/message.h"
#include "runtime/report/budget.h"
#include "runtime/report/summary.h"

namespace slm::runtime {

/// Lets requests in only as long as the run keeps to its budgets: with what is on its way, of which each is
/// taken to spend what one has spent on average, or more. So a run ends close to a budget, and may be above
/// by requests that were dearer than those before. Any thread.
class RunBudget {
 public:
  /// `limits` are of the whole run, with `earlier` parts of it, time apart, which is of this part.
  RunBudget(const std::vector<Budget>& limits, const Summary& earlier);

  /// Waits for others to end where that may leave room for one more request, which is then counted as on its
  /// way; false: there is none, or `is_stopped` says that nobody needs it any more.
  bool admit(const std::function<bool()>& is_stopped);
  /// A request has ended; `summary` counts it.
  void ended(const Summary& summary);

  /// The budget that was reached; empty: none.
  std::string reached() const;

 private:
  struct Limit {
    Budget budget;
    double spent = 0;
  };

  double spent_by(const Limit& limit) const;
  const Limit* first_without_room(std::uint64_t more) const;

  const Clock::time_point start_ = Clock::now();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Limit> limits_;  // these are guarded by mutex_
  std::uint64_t ended_ = 0;    // of all parts of the run
  std::uint64_t in_flight_ = 0;
  std::string reached_;
};

}  // namespace slm::runtime
