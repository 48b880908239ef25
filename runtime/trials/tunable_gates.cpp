#include "runtime/trials/tunable_gates.h"

#include "graph/placement.h"
#include "nodes/gate.h"

namespace slm::runtime {
namespace {

constexpr double kAboveAll = 1e6;  // log-odds and lengths are far below

}  // namespace

std::vector<TunableGate> tunable_gates(const PipelineSpec& spec) {
  std::vector<TunableGate> gates;
  for (std::size_t node = 0; node < spec.nodes.size(); ++node) {
    const GateOptions* options = gate_options(spec.nodes[node]);
    if (options == nullptr || options->escalate.to.to.empty() || is_in_fork(spec, node)) continue;
    TunableGate gate{.node = node, .name = spec.nodes[node].name};
    gate.has_reject = options->reject.has_value();
    gate.has_accept = options->accept.has_value();
    gate.highest = highest_confidence(options->confidence).value_or(kAboveAll);
    if (options->reject) gate.bars.reject = options->reject->at_least;
    if (options->accept) gate.bars.accept = options->accept->at_least;
    gates.push_back(std::move(gate));
  }
  return gates;
}

std::vector<Bars> bars_of(const std::vector<TunableGate>& gates) {
  std::vector<Bars> bars;
  bars.reserve(gates.size());
  for (const TunableGate& gate : gates) bars.push_back(gate.bars);
  return bars;
}

std::vector<Bars> highest_bars(const std::vector<TunableGate>& gates) {
  return std::vector<Bars>(gates.size());
}

}  // namespace slm::runtime
