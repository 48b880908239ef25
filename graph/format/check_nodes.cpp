#include <algorithm>

#include "graph/format/checks.h"
#include "graph/format/nearest.h"

namespace slm {
namespace {

class NodeCheck : public CheckContext {
 public:
  NodeCheck(const PipelineSpec& spec, const NodeSpec& node, Document& document)
      : spec_{spec}, node_{node}, document_{document} {}
  const PipelineSpec& pipeline() const override { return spec_; }
  const NodeSpec& node() const override { return node_; }
  void problem(Place place, std::string message) override {
    document_.problems.push_back({document_.file, place, std::move(message)});
  }

 private:
  const PipelineSpec& spec_;
  const NodeSpec& node_;
  Document& document_;
};

void check_models(const NodeSpec& node, NodeCheck& check) {
  for (const std::string& name : node.models) {
    const ModelSpec& model = *check.pipeline().model(name);
    const std::vector<std::string>& serves = model.type->serves;
    if (std::find(serves.begin(), serves.end(), node.type->name) == serves.end())
      check.problem(node.place, "node `" + node.name + "` of type `" + node.type->name +
                                    "` cannot use model `" + name + "`: backend `" + model.type->name +
                                    "` serves nodes of type " + listed(serves));
  }
}

void check_privacy(const NodeSpec& node, NodeCheck& check) {
  if (check.pipeline().privacy != Privacy::local) return;
  for (const std::string& name : node.models) {
    const ModelSpec& model = *check.pipeline().model(name);
    if (model.type->is_remote)
      check.problem(node.place, "node `" + node.name + "` would send messages to model `" + name +
                                    "`, which backend `" + model.type->name +
                                    "` reaches elsewhere, and `privacy: local` keeps them here; expected a "
                                    "model of this process, or `privacy: open`");
  }
}

void check_meant_nodes(std::size_t at, const NodeEntry& entry, NodeCheck& check) {
  if (entry.nodes_meant.empty()) return;
  const std::vector<bool> is_upstream = upstream_of(check.pipeline(), at);
  for (const auto& [name, place] : entry.nodes_meant) {
    const auto meant = static_cast<std::size_t>(check.pipeline().node(name) - check.pipeline().nodes.data());
    if (!is_upstream[meant])
      check.problem(place, "node `" + name + "` does not come before `" + check.node().name +
                               "`; expected a node whose answer the message already has");
  }
}

}  // namespace

void check_nodes(const PipelineSpec& spec, const std::vector<NodeEntry>& entries, Document& document) {
  for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
    const NodeSpec& node = spec.nodes[i];
    NodeCheck check{spec, node, document};
    check_models(node, check);
    check_privacy(node, check);
    check_meant_nodes(i, entries[i], check);
    // What was misread has been reported; checking the defaults in its place would only confuse.
    if (!entries[i].is_well_read) continue;
    if (node.type->check) node.type->check(node.options.get(), check);
  }
  const bool are_uses_known =
      std::all_of(entries.begin(), entries.end(), [](const NodeEntry& entry) { return entry.is_well_read; });
  if (are_uses_known) check_models(spec, document);
}

}  // namespace slm
