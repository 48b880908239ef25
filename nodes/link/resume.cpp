#include "nodes/link/resume.h"

#include <utility>

namespace slm::link {

void resume(Custody& custody, Graph& graph, const std::function<bool(Message&)>& wanted,
            const std::function<Engine::Callback(const Message&)>& callback) {
  for (auto page = custody.read_left(); !page.empty(); page = custody.read_left()) {
    for (LeftMessage& left : page) {
      if (!wanted(left.message)) continue;
      auto then = callback(left.message);
      graph.enter(std::move(left.message), left.node, std::move(then));
    }
  }
}

}  // namespace slm::link
