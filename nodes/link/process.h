#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/pipeline.h"
#include "nodes/link/custody.h"
#include "nodes/link/link_client.h"
#include "nodes/link/link_server.h"
#include "nodes/link/link_worker.h"

namespace slm::link {

struct ProcessOptions {
  // Behaviour
  std::string name;        ///< which process of the pipeline this is
  bool is_worker = false;  ///< one of its workers instead
  /// Instead of the pipeline's own `listen`; empty: that one.
  std::string listen;
  /// Instead of the pipeline's own `connect`, by process.
  std::map<std::string, std::string> connect;
  /// Where calls are kept on disk until their outcomes are safe, a file for each callee; empty: in memory
  /// only.
  std::filesystem::path spool;
  /// Makes outcomes safe before the disk forgets their calls, such as by syncing an output file; false where
  /// it cannot. Any thread.
  std::function<bool()> before_forgetting;
  std::optional<std::chrono::milliseconds> heartbeat;  ///< instead of the pipeline's
  std::chrono::milliseconds out_of_reach{3000};
  /// Told, a line each, what happens to links; from threads of theirs.
  std::function<void(std::string)> log = [](const std::string&) {};
  GraphOptions graph;
};

/// One process of a pipeline: the graph of its nodes, the links to those that it calls, and the socket for
/// those that call it. Where it has workers, these have the graph, and it has a socket for them instead.
/// Every function may be called from any thread.
class Process {
 public:
  /// Throws `PipelineError` for a pipeline that cannot run and std::runtime_error for an address that cannot
  /// be used. Starts although those it calls are not there.
  Process(const Pipeline& pipeline, ProcessOptions options);
  /// Finishes what it has taken.
  ~Process();

  /// Only where it does its work itself.
  Graph& graph() { return *graph_; }
  /// Whether others connect to it.
  bool is_called() const { return server_ != nullptr; }
  /// Where it listens; only where `is_called`.
  const std::string& address() const { return server_->address(); }
  /// Where its workers connect; only where it has them.
  const std::string& workers_address() const { return server_->workers_address(); }
  /// Messages that an earlier run of this process left in its spools.
  std::uint64_t left() const;
  /// As `link::resume`, for all of them.
  void resume(const std::function<bool(Message&)>& wanted,
              const std::function<Engine::Callback(const Message&)>& callback);
  /// Takes no new calls.
  void leave();
  /// As `leave`, and waits until those that it has are done and answered.
  void finish();
  /// Makes `finish` wait for nothing that takes long: what is being done ends `failed`.
  void give_up();

  std::map<std::string, ClientStats> client_stats() const;
  /// Of those that call it, or of the process whose worker it is.
  CalleeStats server_stats() const { return server_ ? server_->stats() : worker_->stats(); }
  PoolStats pool_stats() const { return server_->pool_stats(); }

 private:
  std::vector<std::shared_ptr<Custody>> custodies_;
  std::map<std::string, std::shared_ptr<LinkClient>> clients_;  ///< by callee
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<LinkServer> server_;
  std::unique_ptr<LinkWorker> worker_;
};

}  // namespace slm::link
