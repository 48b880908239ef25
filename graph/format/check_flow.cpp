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
  explicit Walk(const PipelineSpec& spec, bool takes_last_first = false)
      : takes_last_first_{takes_last_first}, spec_{spec}, state_(spec.nodes.size(), State::unseen) {}

  /// Without recursion: a pipeline may be longer than the stack is deep.
  void visit(std::size_t first, const std::function<void(std::size_t from, std::size_t to)>& see_cycle) {
    enter(first);
    while (!way_.empty()) {
      Step& step = way_.back();
      if (step.seen == step.next.size()) {
        state_[step.node] = State::done;
        done_.push_back(step.node);
        way_.pop_back();
        continue;
      }
      const std::size_t next = step.next[step.seen++];
      if (state_[next] == State::on_the_way) see_cycle(step.node, next);
      if (state_[next] == State::unseen) enter(next);
    }
  }
  bool has_seen(std::size_t node) const { return state_[node] != State::unseen; }
  /// The nodes seen, each after all that it leads to.
  const std::vector<std::size_t>& done() const { return done_; }

  /// The way to where the walk is, from `first` on.
  std::string way_from(std::size_t first) const {
    std::string path;
    for (auto step = std::ranges::find(way_, first, &Step::node); step != way_.end(); ++step)
      path += '`' + spec_.nodes[step->node].name + "` → ";
    return path;
  }

 private:
  enum class State { unseen, on_the_way, done };

  struct Step {
    std::size_t node;
    std::vector<std::size_t> next;
    std::size_t seen = 0;  ///< of `next`
  };

  void enter(std::size_t node) {
    state_[node] = State::on_the_way;
    way_.push_back({node, successors(spec_.nodes[node])});
    if (takes_last_first_) std::ranges::reverse(way_.back().next);
  }

  bool takes_last_first_;
  const PipelineSpec& spec_;
  std::vector<State> state_;
  std::vector<Step> way_;
  std::vector<std::size_t> done_;
};

}  // namespace

void check_flow(const PipelineSpec& spec, Document& document) {
  Walk walk{spec};
  const auto report_cycle = [&](std::size_t from, std::size_t to) {
    document.problems.push_back({document.file, spec.nodes[from].place,
                                 "messages would go round in a cycle: " + walk.way_from(to) + '`' +
                                     spec.nodes[to].name + "`; expected every way to lead out"});
  };
  walk.visit(spec.entry, report_cycle);
  std::vector<std::size_t> unreached;
  for (std::size_t node = 0; node < spec.nodes.size(); ++node) {
    if (!walk.has_seen(node)) unreached.push_back(node);
  }
  for (const std::size_t node : unreached) {
    // Cycles among unreachable nodes are mistakes of their own.
    if (!walk.has_seen(node)) walk.visit(node, report_cycle);
    // An edge that names no node may have been meant for this one: one mistake, one message.
    if (document.has_dangling_edge) continue;
    document.problems.push_back({document.file, spec.nodes[node].place,
                                 "no message reaches node `" + spec.nodes[node].name +
                                     "`; expected a `to` that names it, on a way from the entry `" +
                                     spec.nodes[spec.entry].name + '`'});
  }
}

std::vector<std::size_t> flow_order(const PipelineSpec& spec) {
  Walk walk{spec, true};  // so that, turned round, the first way comes first
  walk.visit(spec.entry, [](std::size_t, std::size_t) {});
  return {walk.done().rbegin(), walk.done().rend()};
}

std::vector<bool> upstream_of(const PipelineSpec& spec, std::size_t node) {
  std::vector<std::vector<std::size_t>> before(spec.nodes.size());
  for (std::size_t from = 0; from < spec.nodes.size(); ++from) {
    for (const std::size_t to : successors(spec.nodes[from])) before[to].push_back(from);
  }
  std::vector<bool> is_upstream(spec.nodes.size(), false);
  std::vector<std::size_t> open{node};
  while (!open.empty()) {
    const std::size_t to = open.back();
    open.pop_back();
    for (const std::size_t from : before[to]) {
      if (is_upstream[from]) continue;
      is_upstream[from] = true;
      open.push_back(from);
    }
  }
  return is_upstream;
}

}  // namespace slm
