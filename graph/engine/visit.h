#pragma once

#include <atomic>

#include "graph/engine/flow.h"
#include "graph/engine/parcel.h"

namespace slm::engine {

/// A message inside an asynchronous node, shared by the copies of the `Done` that the node holds.
///
/// The first of `done`, `withdraw` and the loss of the last copy decides; what comes after is ignored and
/// touches nothing of the engine, which may be gone by then. Every function may be called from any thread.
class Visit {
 public:
  Visit(Flow& flow, const TimeSource* time, ParcelPtr parcel);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  Message& message() { return message_; }

  /// The node has finished.
  void done(Exit exit);
  /// The node has failed to begin. Null if it had finished after all.
  ParcelPtr withdraw();

 private:
  Flow& flow_;
  const TimeSource* time_;
  std::atomic<bool> is_decided_ = false;
  Message& message_;
  ParcelPtr parcel_;
};

}  // namespace slm::engine
