#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "graph/engine/engine.h"
#include "graph/pipeline.h"

namespace slm {

/// One process of a pipeline: which nodes a graph runs itself, and what it puts where the others would be.
struct ProcessPart {
  std::string name;
  /// Makes the node that takes messages to node `target` of another process. Its exits are numbered like the
  /// nodes of the pipeline: by exit 3 a message goes on at node 3, which lives here.
  std::function<std::unique_ptr<AsyncNode>(std::size_t target)> crossing;
};

using GraphOptions = EngineOptions;

/// A pipeline compiled onto oneTBB, running. Functions and threads as for `Engine`.
class Graph {
 public:
  /// Opens the models and builds the nodes. Throws `PipelineError` with every problem found.
  /// Without a part, all processes of the pipeline run here.
  explicit Graph(const Pipeline& pipeline, const GraphOptions& options = {},
                 const std::optional<ProcessPart>& part = {});

  /// Blocks while the graph is full. The future always gets its outcome.
  std::future<Outcome> submit(Request request);
  void submit(Request request, Engine::Callback callback);
  /// False, with both arguments untouched, where `submit` would block.
  bool try_submit(Request& request, Engine::Callback& callback);

  /// As `Engine::enter` and `try_enter`, for messages from other processes.
  void enter(Message message, std::size_t node, Engine::Callback callback) {
    engine_->enter(std::move(message), node, std::move(callback));
  }
  bool try_enter(Message& message, std::size_t node, Engine::Callback& callback) {
    return engine_->try_enter(message, node, callback);
  }

  void drain() { engine_->drain(); }
  void cancel() { engine_->cancel(); }
  Counts counts() const { return engine_->counts(); }

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace slm
