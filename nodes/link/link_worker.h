#pragma once

#include <functional>
#include <memory>
#include <string>

#include "graph/graph.h"
#include "graph/pipeline.h"
#include "nodes/link/callee.h"
#include "nodes/link/dialler.h"

namespace slm::link {

struct WorkerOptions {
  DiallerOptions dialler;
  CalleeOptions callee;  ///< its `window` is what this worker takes at once
  std::function<void(std::string)> log = [](const std::string&) {};
};

/// One of the workers of a process: connects to it, and does what it is given. Where the connection is lost,
/// others are given that work, so it is cancelled here. Every function may be called from any thread.
class LinkWorker {
 public:
  /// `graph` must outlive it.
  LinkWorker(const Pipeline& pipeline, WorkerOptions options, Graph& graph);
  /// As `finish`.
  ~LinkWorker();

  /// Takes nothing new, and says so.
  void leave();
  /// As `leave`, and waits until what it has is done and answered. Not from two threads at once.
  void finish();
  CalleeStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::link
