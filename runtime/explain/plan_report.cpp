#include "runtime/explain/plan_report.h"

#include <algorithm>

#include "graph/placement.h"
#include "runtime/explain/written_options.h"

namespace slm::runtime {
namespace {

void visit(const PipelineSpec& spec, std::size_t node, std::vector<bool>& is_seen,
           std::vector<std::size_t>& order) {
  if (is_seen[node]) return;
  is_seen[node] = true;
  // The last exit first, so that reversing the order puts the first one first.
  const auto& ports = spec.nodes[node].ports;
  for (auto port = ports.rbegin(); port != ports.rend(); ++port)
    for (auto target = port->targets.rbegin(); target != port->targets.rend(); ++target)
      visit(spec, *target, is_seen, order);
  order.push_back(node);
}

std::vector<std::size_t> flow_order(const PipelineSpec& spec) {
  std::vector<std::size_t> order;
  std::vector<bool> is_seen(spec.nodes.size());
  visit(spec, spec.entry, is_seen, order);
  std::ranges::reverse(order);
  return order;
}

PlanReport::Model model_of(const ModelSpec& model, const PipelineSpec& spec) {
  PlanReport::Model report{.name = model.name,
                           .backend = model.type->name,
                           .variants = variants_of(model),
                           .is_on_demand = is_on_demand(model),
                           .remote = remote_of(model),
                           .learning = learning_of(model),
                           .rates = model.rates};
  if (const cache::CacheOptions* cache = cache_of(model)) report.cache = *cache;
  if (const BatchEntry* batch = batch_of(model)) report.batch = batch->whole();
  try {
    report.info = info_of(model);
    if (report.info) report.device = device_of(model, *report.info);
  } catch (const ModelError& error) {
    report.error = error.what();
  }
  for (const NodeSpec& node : spec.nodes)
    if (std::ranges::count(node.models, model.name) > 0 &&
        std::ranges::count(report.processes, node.process) == 0)
      report.processes.push_back(node.process);
  return report;
}

PlanReport::Node node_of(const NodeSpec& node, const PipelineSpec& spec, const WrittenOptions& written) {
  PlanReport::Node report{node.name, node.type->name, node.models, node.process, written.of_node(node.name),
                          {}};
  for (const PortSpec& port : node.ports) {
    auto& exit = report.exits.emplace_back(PlanReport::Exit{port.name, {}});
    for (const std::size_t target : port.targets) exit.to.push_back(spec.nodes[target].name);
    if (port.targets.empty()) exit.to.emplace_back(to_string(port.when_open));
  }
  return report;
}

PlanReport::Link link_of(const Call& call, const PipelineSpec& spec) {
  const ProcessSpec& callee = *spec.process(call.callee);
  PlanReport::Link link{
      call.caller, call.callee, callee.address().text(), callee.secret_key ? "keys" : "plain text", {}};
  for (const std::size_t entry : call.entries) link.nodes.push_back(spec.nodes[entry].name);
  return link;
}

PlanReport::Pool pool_of(const ProcessSpec& process) {
  return {process.name, process.dispatcher().address().text(), process.secret_key ? "keys" : "plain text",
          process.workers->window};
}

}  // namespace

PlanReport plan_report_of(const PipelineSpec& spec) {
  const WrittenOptions written{spec.file};
  PlanReport plan;
  plan.pipeline = spec.name;
  plan.entry = spec.nodes[spec.entry].name;
  for (const ProcessSpec& process : spec.processes) plan.processes.push_back(process.name);
  for (const Call& call : calls_of(spec)) plan.links.push_back(link_of(call, spec));
  for (const ProcessSpec& process : spec.processes)
    if (process.workers) plan.pools.push_back(pool_of(process));
  for (const ModelSpec& model : spec.models) plan.models.push_back(model_of(model, spec));
  for (const std::size_t node : flow_order(spec))
    plan.nodes.push_back(node_of(spec.nodes[node], spec, written));
  return plan;
}

std::uint64_t memory_bytes(const PlanReport& plan, const std::string& process) {
  std::uint64_t total = 0;
  for (const auto& model : plan.models) {
    if (!model.info) continue;
    const auto copies =
        process.empty() ? std::ssize(model.processes) : std::ranges::count(model.processes, process);
    total += model.info->memory_bytes * static_cast<std::uint64_t>(copies);
  }
  return total;
}

}  // namespace slm::runtime
