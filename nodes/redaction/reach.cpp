#include "nodes/redaction/reach.h"

#include <algorithm>
#include <compare>
#include <set>
#include <string_view>
#include <utility>

namespace slm::redaction {
namespace {

/// A process that the message is in, or that waits for it.
struct Stay {
  std::string_view process;
  bool has_values;
  auto operator<=>(const Stay&) const = default;
};
using Stays = std::vector<Stay>;  // the last one is where the message is

/// A message on its way to a node.
struct Visit {
  std::size_t node;
  Stays stays;
  std::vector<Stays> forks;  ///< what it was at the forks whose branch it is, the innermost last
  auto operator<=>(const Visit&) const = default;
};

void enter(std::string_view process, Stays& stays) {
  const auto waiting = std::ranges::find(stays, process, &Stay::process);
  if (waiting == stays.end())
    stays.push_back({process, false});
  else
    stays.erase(waiting + 1, stays.end());
}

}  // namespace

std::vector<bool> nodes_after(const PipelineSpec& spec, std::size_t node) {
  std::vector<bool> is_after(spec.nodes.size(), false);
  std::vector<std::size_t> open{node};
  while (!open.empty()) {
    const NodeSpec& from = spec.nodes[open.back()];
    open.pop_back();
    for (const PortSpec& port : from.ports) {
      for (const std::size_t target : port.targets) {
        if (is_after[target]) continue;
        is_after[target] = true;
        open.push_back(target);
      }
    }
  }
  return is_after;
}

std::vector<Reach> reach_of_values(const PipelineSpec& spec,
                                   const std::function<bool(const NodeSpec&)>& takes_values) {
  std::vector<Reach> reach(spec.nodes.size());
  std::set<Visit> seen;
  std::vector<Visit> open{{spec.entry, {}, {}}};
  while (!open.empty()) {
    Visit visit = std::move(open.back());
    open.pop_back();
    const NodeSpec& node = spec.nodes[visit.node];
    if (node.type->is_join && !visit.forks.empty()) {
      visit.stays = std::move(visit.forks.back());
      visit.forks.pop_back();
    }
    enter(node.process, visit.stays);
    if (!seen.insert(visit).second) continue;
    reach[visit.node].is_reached = true;
    if (visit.stays.back().has_values) reach[visit.node].has_values = true;
    if (takes_values(node)) visit.stays.back().has_values = true;
    for (const PortSpec& port : node.ports) {
      std::vector<Stays> forks = visit.forks;
      if (port.gathered_by) forks.push_back(visit.stays);
      for (const std::size_t target : port.targets) open.push_back({target, visit.stays, forks});
    }
  }
  return reach;
}

}  // namespace slm::redaction
