#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "graph/engine/parcel.h"

namespace slm::engine {

/// What happens on the flow's threads, for many parcels at once.
class Visitor {
 public:
  virtual ~Visitor() = default;
  /// A new message.
  virtual void admit(Submission&& submission) noexcept = 0;
  /// It is at `parcel->node`, with a task to itself.
  virtual void arrive(ParcelPtr parcel) noexcept = 0;
  /// It is back from the asynchronous work of `parcel->node`.
  virtual void resume(ParcelPtr parcel) noexcept = 0;
};

/// oneTBB's flow graph: who runs next and on which thread. A node of a plan is a node of it; which one
/// follows is for the visitor to say, because a node has any number of ports and TBB wants their number
/// compiled in.
///
/// A message becomes a task where another thread may gain by it: when it is new, as a branch of a fork, to
/// begin asynchronous work and when it comes back from it. From one synchronous node to the next the visitor
/// just goes on: a task between them would be queued only to be run next by the same thread.
class Flow {
 public:
  enum class Kind { synchronous, asynchronous };

  /// `threads` as in `EngineOptions`. `visitor` must outlive the flow.
  Flow(const std::vector<Kind>& nodes, int threads, Visitor& visitor);
  /// Waits until nothing moves.
  ~Flow();

  /// Has it admitted by a task, in the order of submission. From any thread.
  void admit(Request&& request, Engine::Callback&& callback, Slot&& slot, Clock::time_point now) noexcept;
  /// Makes it a task, to arrive at its node. From any thread.
  void spawn(ParcelPtr parcel) noexcept;

  /// Asynchronous work begins, and the flow is not quiet until `complete`.
  void reserve(std::size_t node) noexcept;
  /// Asynchronous work is done: `parcel` resumes on a thread of the flow. From any thread.
  void complete(ParcelPtr parcel) noexcept;
  /// Asynchronous work did not begin after all.
  void release(std::size_t node) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::engine
