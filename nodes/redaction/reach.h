#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "graph/pipeline.h"

/// Where the values that `redact` nodes keep can be put back.
namespace slm::redaction {

/// Nodes that a message can come to after `node`.
std::vector<bool> nodes_after(const PipelineSpec& spec, std::size_t node);

/// How messages come to a node.
struct Reach {
  bool is_reached = false;
  bool has_values = false;  ///< on some way to it, with what was taken out before
};

/// For each node, whether messages come to it with what the nodes that `takes_values` names have taken out.
///
/// The values stay in the process of that node: a message that goes on elsewhere meets them again when it
/// comes back, unless it was that process that sent it back to one that waited. And they stay in the branch
/// of a fork: behind the join, the message is what it was at the fork.
std::vector<Reach> reach_of_values(const PipelineSpec& spec,
                                   const std::function<bool(const NodeSpec&)>& takes_values);

}  // namespace slm::redaction
