#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "graph/engine/engine.h"
#include "graph/engine/slots.h"
#include "graph/node.h"

namespace slm::engine {

class Fork;
class Pace;

/// A request on its way from the submitter to the engine's threads. Small, because what one processor writes
/// and another reads costs most: the parcel is made, and mostly ends, on the thread that works on it.
struct Submission {
  Submission(Request&& asked, Engine::Callback&& then, Slot&& taken, Clock::time_point now)
      : request{std::move(asked)}, callback{std::move(then)}, slot{std::move(taken)}, submitted{now} {}

  Request request;
  Engine::Callback callback;
  Slot slot;
  Clock::time_point submitted;
};

/// What travels: a message and where it stands. One owner at a time; on its way through TBB, TBB's task.
struct Parcel {
  Parcel() = default;
  explicit Parcel(Submission&& submission)
      : callback{std::move(submission.callback)}, slot{std::move(submission.slot)} {
    message.request = std::move(submission.request);
    message.submitted = submission.submitted;
  }

  Message message;
  Engine::Callback callback;              ///< empty in a branch
  Slot slot;                              ///< of a message that has never forked
  std::shared_ptr<const Slot> kept_slot;  ///< of one that has: shared with its forks
  std::shared_ptr<Fork> branch_of;        ///< the fork that made it; null: the request itself
  /// What came of its branches, when it is about to enter the join.
  std::optional<std::vector<Branch>> gathered;
  std::optional<Exit> exit;  ///< how it left an asynchronous node
  std::size_t node = 0;      ///< where it is, or is going
  Pace* entered = nullptr;   ///< set while it comes in at a node in the middle: who wants to know how long
  Clock::time_point moment;  ///< the last reading of the clock, for it
};

using ParcelPtr = std::unique_ptr<Parcel>;

}  // namespace slm::engine
