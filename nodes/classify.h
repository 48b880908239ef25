#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace slm {

/// `classify`: labels a message by a classifier of its own labels, or by a language model that weighs
/// choices.
NodeType classify_node();

/// The labels that a `classify` node can give, empty where its model's file cannot be read; nothing for nodes
/// of other types.
std::optional<std::vector<std::string>> labels_given_by(const NodeSpec& node, const PipelineSpec& pipeline);

/// Whether messages may wait at a `classify` node for another try; false for nodes of other types.
bool classify_retries(const NodeSpec& node);

}  // namespace slm
