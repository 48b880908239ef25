#include "graph/engine/plan.h"

#include <stdexcept>

namespace slm {
namespace {

bool is_missing(const AnyNode& node) {
  return std::visit([](const auto& pointer) { return pointer == nullptr; }, node);
}

void check_port(const Plan& plan, const PlannedNode& node, const PlannedPort& port) {
  for (const auto target : port.targets) {
    if (target >= plan.nodes.size()) throw std::invalid_argument{node.name + ": a port leads to no node"};
  }
  if (port.gathered_by) {
    if (port.targets.empty()) throw std::invalid_argument{node.name + ": a fork without branches"};
    if (*port.gathered_by >= plan.nodes.size() ||
        !std::holds_alternative<std::unique_ptr<JoinNode>>(plan.nodes[*port.gathered_by].node)) {
      throw std::invalid_argument{node.name + ": what gathers its fork is not a join"};
    }
  } else if (port.targets.size() > 1) {
    throw std::invalid_argument{node.name + ": a fork that no join gathers"};
  }
}

}  // namespace

void check_runnable(const Plan& plan) {
  if (plan.entry >= plan.nodes.size()) throw std::invalid_argument{"the entry is no node of the plan"};
  for (const auto& node : plan.nodes) {
    if (is_missing(node.node)) throw std::invalid_argument{node.name + ": has no node to run"};
    for (const auto& port : node.ports) check_port(plan, node, port);
  }
}

}  // namespace slm
