#include <algorithm>
#include <map>

#include "graph/format/checks.h"
#include "graph/placement.h"

namespace slm {
namespace {

void report(Document& document, Place place, std::string message) {
  document.problems.push_back({document.file, place, std::move(message)});
}

void check_listeners(const PipelineSpec& spec, const std::vector<Call>& calls, Document& document) {
  std::map<std::string, std::string> by_address;
  const auto check_address = [&](const Endpoint& listen, const std::string& who) {
    const auto [other, is_new] = by_address.emplace(listen.text(), who);
    if (!is_new)
      report(document, listen.place,
             other->second + " and " + who + " both listen at " + listen.text() +
                 "; expected an address for each");
  };
  for (const ProcessSpec& one : spec.processes) {
    const auto call = std::ranges::find(calls, one.name, &Call::callee);
    const std::string who = "process `" + one.name + '`';
    if (call != calls.end() && !one.listen)
      report(document, one.place,
             who + " is sent messages by process `" + call->caller + "`, to node `" +
                 spec.nodes[call->entries.front()].name +
                 "`, and has no `listen`; expected an address, such as \"tcp://127.0.0.1:5555\"");
    if (call == calls.end() && one.workers)
      report(document, one.place, who + " has `workers`, and no other process sends it messages to share");
    if (one.listen) check_address(*one.listen, who);
    if (one.workers) check_address(one.workers->listen, who + " for its workers");
  }
}

void check_uses(const PipelineSpec& spec, Document& document) {
  for (const ProcessSpec& one : spec.processes) {
    if (std::ranges::count(spec.nodes, one.name, &NodeSpec::process) == 0)
      report(document, one.place,
             "no node lives in process `" + one.name + "`; expected a node with `on: " + one.name +
                 "`, or no such entry");
  }
}

void check_privacy(const PipelineSpec& spec, Document& document) {
  if (spec.privacy != Privacy::local) return;
  const std::string& home = entry_process(spec);
  const std::string mistake = "`, and `privacy: local` keeps every message in `" + home +
                              "`; expected a node of `" + home +
                              "`, or `privacy: open`, where only messages that say so are kept";
  for (const NodeSpec& node : spec.nodes) {
    if (node.process != home)
      report(document, node.place, "node `" + node.name + "` lives in process `" + node.process + mistake);
  }
}

void check_unreachable(const PipelineSpec& spec, const std::vector<Call>& calls, Document& document) {
  for (const Call& call : calls) {
    for (const std::size_t entry : call.entries) {
      const NodeSpec& node = spec.nodes[entry];
      if (!node.on_unreachable)
        report(document, node.place,
               "node `" + node.name + "` lives in process `" + call.callee + "`, which `" + call.caller +
                   "` may find out of reach; expected `on_unreachable`: `spool`, `fail`, `abstain` or "
                   "`{ answer_from: NODE }`");
      else if (const auto& source = node.on_unreachable->answer_from;
               source && spec.node(source->name)->process != call.caller)
        report(document, source->place,
               "node `" + source->name + "` lives in process `" + spec.node(source->name)->process +
                   "`, and it is process `" + call.caller + "` that needs its answer when `" + call.callee +
                   "` is out of reach; expected a node of `" + call.caller + '`');
    }
  }
}

void check_forks(const PipelineSpec& spec, Document& document) {
  for (const NodeSpec& node : spec.nodes) {
    for (const PortSpec& port : node.ports) {
      if (!port.gathered_by) continue;
      const NodeSpec& join = spec.nodes[*port.gathered_by];
      if (join.process != node.process)
        report(document, join.place,
               "join `" + join.name + "` lives in process `" + join.process + "`, and its fork `" +
                   node.name + "` in process `" + node.process + "`; expected both in one");
    }
  }
}

}  // namespace

void check_placement(const PipelineSpec& spec, Document& document) {
  if (spec.processes.empty()) return;
  const std::vector<Call> calls = calls_of(spec);
  check_uses(spec, document);
  check_listeners(spec, calls, document);
  check_unreachable(spec, calls, document);
  check_privacy(spec, document);
  check_forks(spec, document);
}

}  // namespace slm
