#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "graph/graph.h"
#include "graph/pipeline.h"
#include "nodes/link/callee.h"
#include "nodes/link/process_security.h"

namespace slm::link {

struct ServerOptions {
  Endpoint listen;  ///< where its port is `*`, `address` tells which it became
  Listening listening;
  CalleeOptions callee;
  std::size_t compress_above = SIZE_MAX;  ///< bytes
  std::function<void(std::string)> log = [](const std::string&) {};
};

/// The process that is called: a socket that others connect to, and a thread that brings what they send to
/// the graph and takes back what comes of it. Every function may be called from any thread.
class LinkServer {
 public:
  /// Binds; throws std::runtime_error saying why not. `graph` must outlive it.
  LinkServer(const Pipeline& pipeline, ServerOptions options, Graph& graph);
  /// As `finish`.
  ~LinkServer();

  /// Where it listens, with the port that it was given.
  const std::string& address() const;
  /// Takes no new calls, and says so to all who call.
  void leave();
  /// As `leave`, and waits until every call that it has is done and answered, where its caller is there to
  /// hear it. Not from two threads at once.
  void finish();
  CalleeStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::link
