#include "graph/placement.h"

#include <algorithm>
#include <set>

namespace slm {
namespace {

/// Follows messages through the processes; `waiting` are those that called on the way, the first one first.
class Walk {
 public:
  explicit Walk(const PipelineSpec& spec) : spec_{spec} {}

  void run() {
    visits_.push_back({spec_.entry, {}});
    while (!visits_.empty()) {
      Visit next = std::move(visits_.back());
      visits_.pop_back();
      visit(next.node, std::move(next.waiting));
    }
  }

  std::vector<Call> calls;

 private:
  struct Visit {
    std::size_t node;
    std::vector<std::string> waiting;
  };

  void visit(std::size_t node, std::vector<std::string> waiting) {
    const std::string& process = spec_.nodes[node].process;
    if (const auto back = std::ranges::find(waiting, process); back != waiting.end()) {
      waiting.erase(back + 1, waiting.end());
    } else {
      if (!waiting.empty()) note(waiting.back(), process, node);
      waiting.push_back(process);
    }
    if (!seen_.emplace(node, waiting).second) return;
    // The last one first, so that the first one is visited next.
    const auto& ports = spec_.nodes[node].ports;
    for (auto port = ports.rbegin(); port != ports.rend(); ++port)
      for (auto target = port->targets.rbegin(); target != port->targets.rend(); ++target)
        visits_.push_back({*target, waiting});
  }

  void note(const std::string& caller, const std::string& callee, std::size_t entry) {
    const auto is_it = [&](const Call& call) { return call.caller == caller && call.callee == callee; };
    auto found = std::ranges::find_if(calls, is_it);
    if (found == calls.end()) found = calls.insert(calls.end(), {caller, callee, {}});
    if (std::ranges::count(found->entries, entry) == 0) found->entries.push_back(entry);
  }

  const PipelineSpec& spec_;
  std::set<std::pair<std::size_t, std::vector<std::string>>> seen_;
  std::vector<Visit> visits_;  ///< still to be made
};

/// FNV-1a (Fowler, Noll, Vo), 64 bits: no secret, only a difference is to be seen.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char byte : text) add_byte(static_cast<unsigned char>(byte));
    add_byte(0);
  }
  std::uint64_t value() const { return value_; }

 private:
  void add_byte(unsigned char byte) {
    value_ ^= byte;
    value_ *= 0x100000001b3;
  }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

std::vector<Call> calls_of(const PipelineSpec& spec) {
  Walk walk{spec};
  walk.run();
  return walk.calls;
}

const std::string& entry_process(const PipelineSpec& spec) {
  return spec.nodes[spec.entry].process;
}

bool is_in_fork(const PipelineSpec& spec, std::size_t node) {
  for (const NodeSpec& fork : spec.nodes) {
    for (const PortSpec& port : fork.ports) {
      if (!port.gathered_by) continue;
      std::set<std::size_t> inside;
      std::vector<std::size_t> visits = port.targets;
      while (!visits.empty()) {
        const std::size_t at = visits.back();
        visits.pop_back();
        if (at == *port.gathered_by || !inside.insert(at).second) continue;
        for (const PortSpec& next : spec.nodes[at].ports)
          visits.insert(visits.end(), next.targets.begin(), next.targets.end());
      }
      if (inside.contains(node)) return true;
    }
  }
  return false;
}

std::uint64_t placement_hash(const PipelineSpec& spec) {
  Hash hash;
  hash.add(spec.name);
  hash.add(spec.nodes[spec.entry].name);
  for (const NodeSpec& node : spec.nodes) {
    for (const std::string& text : {node.name, node.type->name, node.process}) hash.add(text);
    for (const PortSpec& port : node.ports) {
      hash.add(port.name);
      hash.add(to_string(port.when_open));
      for (const std::size_t target : port.targets) hash.add(spec.nodes[target].name);
    }
  }
  return hash.value();
}

}  // namespace slm
