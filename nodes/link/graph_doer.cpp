#include "nodes/link/graph_doer.h"

#include <utility>

namespace slm::link {

GraphDoer::GraphDoer(Graph& graph, const Pipeline& pipeline, Finished finished)
    : graph_{graph}, spec_{pipeline.shared_spec()}, finished_{std::move(finished)} {}

bool GraphDoer::try_do(Work& work) {
  Message message = message_of(work.call, work.text, work.answer);
  message.request.cancelled = work.cancelled;
  Engine::Callback callback = [finished = finished_, spec = spec_, id = work.id, caller = message.caller,
                               arrived = Clock::now()](Outcome outcome) {
    finished(id, reply_of(*spec, std::move(outcome), *caller, arrived));
  };
  return graph_.try_enter(message, work.node, callback);
}

}  // namespace slm::link
