#include "nodes/link/graph_doer.h"

#include <utility>

namespace slm::link {

GraphDoer::GraphDoer(Graph& graph, const Pipeline& pipeline, Finished finished)
    : graph_{graph},
      shared_{std::make_shared<const Shared>(Shared{pipeline.shared_spec(), std::move(finished)})} {}

bool GraphDoer::try_do(Work& work) {
  Message message = message_of(work.call, work.text, work.answer);
  message.request.cancelled = work.cancelled;
  Engine::Callback callback = [shared = shared_, id = work.id, caller = message.caller,
                               arrived = Clock::now()](Outcome outcome) {
    shared->finished(id, reply_of(*shared->spec, std::move(outcome), *caller, arrived));
  };
  return graph_.try_enter(message, work.node, callback);
}

}  // namespace slm::link
