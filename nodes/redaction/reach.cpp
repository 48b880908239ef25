#include "nodes/redaction/reach.h"

#include <algorithm>
#include <compare>
#include <set>
#include <string_view>
#include <tuple>

namespace slm::redaction {
namespace {

/// A process that the message is in, or that waits for it.
struct Stay {
  std::string_view process;
  bool has_values;
  auto operator<=>(const Stay&) const = default;
};
using Stays = std::vector<Stay>;  // the last one is where the message is

class Walk {
 public:
  Walk(const PipelineSpec& spec, std::size_t redact)
      : spec_{spec}, redact_{redact}, has_values_(spec.nodes.size(), false) {}

  void visit(std::size_t node, Stays stays, std::vector<Stays> forks) {
    const NodeSpec& spec = spec_.nodes[node];
    if (spec.type->is_join && !forks.empty()) {
      stays = forks.back();
      forks.pop_back();
    }
    enter(spec.process, stays);
    if (!seen_.emplace(node, stays, forks).second) return;
    if (stays.back().has_values) has_values_[node] = true;
    if (node == redact_) stays.back().has_values = true;
    for (const PortSpec& port : spec.ports) {
      std::vector<Stays> further = forks;
      if (port.gathered_by) further.push_back(stays);
      for (const std::size_t target : port.targets) visit(target, stays, further);
    }
  }

  std::vector<bool> has_values() && { return std::move(has_values_); }

 private:
  static void enter(std::string_view process, Stays& stays) {
    const auto waiting = std::ranges::find(stays, process, &Stay::process);
    if (waiting == stays.end())
      stays.push_back({process, false});
    else
      stays.erase(waiting + 1, stays.end());
  }

  const PipelineSpec& spec_;
  const std::size_t redact_;
  std::vector<bool> has_values_;
  std::set<std::tuple<std::size_t, Stays, std::vector<Stays>>> seen_;
};

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

std::vector<bool> nodes_with_values_of(const PipelineSpec& spec, std::size_t redact) {
  Walk walk{spec, redact};
  walk.visit(spec.entry, {}, {});
  return std::move(walk).has_values();
}

}  // namespace slm::redaction
