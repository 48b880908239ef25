#pragma once

#include <string>
#include <vector>

#include "graph/registry.h"

namespace slm {

/// The nodes whose evidence a message can bring to `node`: the nearest on each way that leave any. A way from
/// the entry without one is in `bare_way`.
struct EvidenceSources {
  std::vector<const NodeSpec*> nodes;
  bool has_bare_way = false;
};
EvidenceSources evidence_sources(const PipelineSpec& pipeline, const NodeSpec& node);

/// Whether every way from the entry to the node meets another node of its type, whose answer it can agree
/// with.
bool has_peer_before(const PipelineSpec& pipeline, const NodeSpec& node);

/// Reports, at `place`, a label that no classifier before the node can give. Models whose files cannot be
/// read are passed over: opening them says why.
void check_label(const std::string& label, Place place, CheckContext& context);

}  // namespace slm
