#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "graph/graph.h"
#include "graph/pipeline.h"
#include "nodes/link/callee.h"
#include "nodes/link/listener.h"
#include "nodes/link/pool.h"

namespace slm::link {

struct ServerOptions {
  ListenerOptions listener;
  CalleeOptions callee;
  // For a process whose work is done by workers
  std::optional<ListenerOptions> workers;  ///< where they connect
  PoolOptions pool;
};

/// The process that is called: a socket that others connect to, and a thread that has done what they send and
/// takes back what comes of it. Every function may be called from any thread.
class LinkServer {
 public:
  /// Binds; throws std::runtime_error saying why not. The work is done by `graph`, which must outlive it, or
  /// by workers where that is null.
  LinkServer(const Pipeline& pipeline, ServerOptions options, Graph* graph);
  /// As `finish`.
  ~LinkServer();

  /// Where it listens, with the port that it was given.
  const std::string& address() const;
  /// Takes no new calls, and says so to all who call.
  void leave();
  /// As `leave`, and waits until every call that it has is done and answered, where its caller is there to
  /// hear it. Not from two threads at once.
  void finish();
  /// Ends without waiting for workers: who called sends it again to who comes next.
  void give_up();
  /// Where workers connect; only where there are any.
  const std::string& workers_address() const;
  CalleeStats stats() const;
  PoolStats pool_stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::link
