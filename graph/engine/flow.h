#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "graph/engine/parcel.h"

namespace slm::engine {

/// What happens where a parcel gets. Called from the flow's threads, for many parcels at once.
class Visitor {
 public:
  virtual ~Visitor() = default;
  /// It is on a thread of the flow now.
  virtual void admit(SubmissionPtr submission) noexcept = 0;
  /// It is at `parcel->node`.
  virtual void arrive(ParcelPtr parcel) noexcept = 0;
  /// It is back from the asynchronous work of `parcel->node`.
  virtual void resume(ParcelPtr parcel) noexcept = 0;
};

/// oneTBB's flow graph: who runs next and on which thread. A node of a plan is a node of it; which one
/// follows is for the visitor to say, because a node has any number of ports and TBB wants their number
/// compiled in.
///
/// A hop is a task of its own where another thread may gain by it: a new message, a branch of a fork, a
/// completion from outside. From node to node it is a call, TBB's `lightweight` policy: a task between two
/// nodes of one message would only be queued, to be run next by the same thread.
class Flow {
 public:
  enum class Kind { synchronous, asynchronous };

  /// `threads` as in `EngineOptions`. `visitor` must outlive the flow.
  Flow(const std::vector<Kind>& nodes, int threads, Visitor& visitor);
  /// Waits until nothing moves.
  ~Flow();

  /// Makes it a task, to be admitted. From any thread.
  void admit(SubmissionPtr submission) noexcept;
  /// Makes it a task, to arrive at its node. From any thread.
  void spawn(ParcelPtr parcel) noexcept;
  /// Lets it arrive at its node, on this stack. Only from the visitor.
  void pass(ParcelPtr parcel) noexcept;

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
