#pragma once

#include <future>
#include <memory>

#include "graph/engine/engine.h"
#include "graph/pipeline.h"

namespace slm {

using GraphOptions = EngineOptions;

/// A pipeline compiled onto oneTBB, running. Functions and threads as for `Engine`.
class Graph {
 public:
  /// Opens the models and builds the nodes. Throws `PipelineError` with every problem found.
  explicit Graph(const Pipeline& pipeline, GraphOptions options = {});

  /// Blocks while the graph is full. The future always gets its outcome.
  std::future<Outcome> submit(Request request);
  void submit(Request request, Engine::Callback callback);
  /// False, with both arguments untouched, where `submit` would block.
  bool try_submit(Request& request, Engine::Callback& callback);

  void drain() { engine_->drain(); }
  void cancel() { engine_->cancel(); }
  Counts counts() const { return engine_->counts(); }

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace slm
