#pragma once

#include <functional>
#include <memory>

#include "graph/graph.h"
#include "graph/pipeline.h"
#include "nodes/link/callee.h"

namespace slm::link {

/// Has calls done by a graph in this process.
class GraphDoer : public Doer {
 public:
  /// Told what came of a call; on any thread.
  using Finished = std::function<void(const wire::CallId&, CarriedReply)>;

  /// `graph` must outlive it.
  GraphDoer(Graph& graph, const Pipeline& pipeline, Finished finished);

  bool try_do(Work& work) override;

 private:
  /// What callbacks need, which may come when this is gone.
  struct Shared {
    std::shared_ptr<const PipelineSpec> spec;
    Finished finished;
  };

  Graph& graph_;
  const std::shared_ptr<const Shared> shared_;
};

}  // namespace slm::link
