#include <algorithm>
#include <functional>

#include "graph/format/checks.h"

namespace slm {
namespace {

std::vector<std::size_t> successors(const NodeSpec& node) {
  std::vector<std::size_t> result;
  for (const PortSpec& port : node.ports)
    result.insert(result.end(), port.targets.begin(), port.targets.end());
  return result;
}

/// Depth first; a node found again while still on the way closes a cycle.
class Walk {
 public:
  Walk(const PipelineSpec& spec, Document& document)
      : spec_{spec}, document_{document}, state_(spec.nodes.size(), State::unseen) {}

  void visit(std::size_t node) {
    state_[node] = State::on_the_way;
    way_.push_back(node);
    for (const std::size_t next : successors(spec_.nodes[node])) {
      if (state_[next] == State::on_the_way) report_cycle(next);
      if (state_[next] == State::unseen) visit(next);
    }
    way_.pop_back();
    state_[node] = State::done;
  }
  bool has_seen(std::size_t node) const { return state_[node] != State::unseen; }

 private:
  enum class State { unseen, on_the_way, done };

  void report_cycle(std::size_t first) {
    std::string path;
    for (auto node = std::find(way_.begin(), way_.end(), first); node != way_.end(); ++node)
      path += '`' + spec_.nodes[*node].name + "` → ";
    const NodeSpec& last = spec_.nodes[way_.back()];
    document_.problems.push_back({document_.file, last.place,
                                  "messages would go round in a cycle: " + path + '`' +
                                      spec_.nodes[first].name + "`; expected every way to lead out"});
  }

  const PipelineSpec& spec_;
  Document& document_;
  std::vector<State> state_;
  std::vector<std::size_t> way_;
};

}  // namespace

void check_flow(const PipelineSpec& spec, Document& document) {
  Walk walk{spec, document};
  walk.visit(spec.entry);
  std::vector<std::size_t> unreached;
  for (std::size_t node = 0; node < spec.nodes.size(); ++node) {
    if (!walk.has_seen(node)) unreached.push_back(node);
  }
  for (const std::size_t node : unreached) {
    // Cycles among unreachable nodes are mistakes of their own.
    if (!walk.has_seen(node)) walk.visit(node);
    // An edge that names no node may have been meant for this one: one mistake, one message.
    if (document.has_dangling_edge) continue;
    document.problems.push_back({document.file, spec.nodes[node].place,
                                 "no message reaches node `" + spec.nodes[node].name +
                                     "`; expected a `to` that names it, on a way from the entry `" +
                                     spec.nodes[spec.entry].name + '`'});
  }
}

std::vector<bool> upstream_of(const PipelineSpec& spec, std::size_t node) {
  std::vector<bool> is_upstream(spec.nodes.size(), false);
  bool has_grown = true;
  while (has_grown) {
    has_grown = false;
    for (std::size_t from = 0; from < spec.nodes.size(); ++from) {
      if (is_upstream[from]) continue;
      for (const std::size_t to : successors(spec.nodes[from])) {
        if (to == node || is_upstream[to]) is_upstream[from] = has_grown = true;
      }
    }
  }
  return is_upstream;
}

}  // namespace slm
