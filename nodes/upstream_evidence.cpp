#include "nodes/upstream_evidence.h"

#include <algorithm>
#include <array>

#include "graph/format/nearest.h"
#include "graph/pipeline.h"
#include "nodes/classify.h"
#include "nodes/model_resource.h"
#include "nodes/on_failure.h"

namespace slm {
namespace {

/// A node that sends to another.
struct Sender {
  std::size_t node = 0;
  bool has_failed = false;  ///< when it does: then it has given nothing
};

std::vector<Sender> senders_to(const PipelineSpec& pipeline, std::size_t node) {
  std::vector<Sender> result;
  for (std::size_t from = 0; from < pipeline.nodes.size(); ++from) {
    for (const PortSpec& port : pipeline.nodes[from].ports) {
      if (std::find(port.targets.begin(), port.targets.end(), node) != port.targets.end())
        result.push_back({from, port.name == OnFailure::kPort});
    }
  }
  return result;
}

std::size_t position(const PipelineSpec& pipeline, const NodeSpec& node) {
  return static_cast<std::size_t>(&node - pipeline.nodes.data());
}

/// Goes back from `start` along all ways; `stops_at` says where a way need not be followed further.
template <class StopsAt, class AtEntry>
void go_back(const PipelineSpec& pipeline, std::size_t start, const StopsAt& stops_at,
             const AtEntry& at_entry) {
  std::array<std::vector<bool>, 2> is_seen;  // as one that has not failed, and as one that has
  is_seen.fill(std::vector<bool>(pipeline.nodes.size()));
  std::vector<std::size_t> open{start};
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    if (node == pipeline.entry) at_entry();
    for (const Sender& before : senders_to(pipeline, node)) {
      std::vector<bool>& seen = is_seen[before.has_failed ? 1 : 0];
      if (seen[before.node]) continue;
      seen[before.node] = true;
      if (before.has_failed || !stops_at(pipeline.nodes[before.node])) open.push_back(before.node);
    }
  }
}

}  // namespace

EvidenceSources evidence_sources(const PipelineSpec& pipeline, const NodeSpec& node) {
  EvidenceSources sources;
  const auto take = [&](const NodeSpec& before) {
    if (!before.type->gives) return false;
    sources.nodes.push_back(&before);
    return true;
  };
  go_back(pipeline, position(pipeline, node), take, [&] { sources.has_bare_way = true; });
  return sources;
}

bool has_peer_before(const PipelineSpec& pipeline, const NodeSpec& node) {
  bool has_bare_way = false;
  const auto is_peer = [&](const NodeSpec& before) { return before.type == node.type; };
  go_back(pipeline, position(pipeline, node), is_peer, [&] { has_bare_way = true; });
  return !has_bare_way;
}

void check_label(const std::string& label, Place place, CheckContext& context) {
  std::vector<std::string> labels;
  bool is_complete = true;
  const auto take = [&](const NodeSpec& before) {
    const std::optional<std::vector<std::string>> own = labels_given_by(before, context.pipeline());
    if (!own) return false;
    is_complete = is_complete && !own->empty();
    labels.insert(labels.end(), own->begin(), own->end());
    return true;
  };
  go_back(context.pipeline(), position(context.pipeline(), context.node()), take, [] {});
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  if (!is_complete || std::binary_search(labels.begin(), labels.end(), label)) return;
  if (labels.empty())
    return context.problem(
        place, "label `" + label + "`: no `classify` node comes before `" + context.node().name + '`');
  context.problem(place, "no model before `" + context.node().name + "` gives the label `" + label +
                             "`; expected " + listed(labels) + did_you_mean(label, labels));
}

}  // namespace slm
