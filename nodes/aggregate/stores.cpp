#include "nodes/aggregate/stores.h"

#include <algorithm>

#include "nodes/aggregate.h"

namespace slm::aggregate {
namespace {

const AggregateOptions* options_of(const NodeSpec& node) {
  return node.type->name == "aggregate" ? static_cast<const AggregateOptions*>(node.options.get()) : nullptr;
}

link::SpoolOptions spool_options(const StoreOptions& options, const std::string& node) {
  link::SpoolOptions spool;
  spool.max_age = std::chrono::seconds::zero();  // what waits for a window is not old
  spool.max_bytes = std::uint64_t{1} << 40U;     // the disk's own bound counts
  spool.before_removals = options.before_forgetting;
  spool.on_repaired = [log = options.log, node](const link::SpoolRepair& repair) {
    log(node + ": its spool was damaged (" + repair.damage + "); " + std::to_string(repair.saved) +
        " messages saved, the file set aside as " + repair.set_aside.string());
  };
  return spool;
}

}  // namespace

std::map<std::string, std::shared_ptr<link::Custody>> open_stores(const Pipeline& pipeline,
                                                                  const StoreOptions& options) {
  std::map<std::string, std::shared_ptr<link::Custody>> stores;
  for (const NodeSpec& node : pipeline.spec().nodes) {
    const AggregateOptions* own = options_of(node);
    const bool is_here = options.process.empty() || node.process == options.process;
    if (own == nullptr || !own->is_durable || !is_here) continue;
    const auto folder = own->spool && !options.is_override ? own->spool->path : options.folder;
    stores[node.name] = link::Custody::open(folder / (node.name + ".held.spool"), pipeline, node.name,
                                            spool_options(options, node.name));
  }
  return stores;
}

bool holds_messages(const PipelineSpec& spec) {
  return std::ranges::any_of(spec.nodes, [](const NodeSpec& node) { return options_of(node) != nullptr; });
}

}  // namespace slm::aggregate
