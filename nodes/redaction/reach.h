#pragma once

#include <cstddef>
#include <vector>

#include "graph/pipeline.h"

/// Where the values that a `redact` node keeps can be put back.
namespace slm::redaction {

/// Nodes that a message can come to after `node`.
std::vector<bool> nodes_after(const PipelineSpec& spec, std::size_t node);

/// Nodes that a message can come to with what `redact` has taken out of it.
///
/// The values stay in the process of `redact`: a message that goes on elsewhere meets them again when it
/// comes back, unless it was that process that sent it back to one that waited. And they stay in the branch
/// of a fork: behind the join, the message is what it was at the fork.
std::vector<bool> nodes_with_values_of(const PipelineSpec& spec, std::size_t redact);

}  // namespace slm::redaction
