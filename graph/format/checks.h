#pragma once

#include "graph/format/document_fields.h"
#include "graph/format/reader.h"
#include "graph/pipeline.h"

namespace slm {

/// Reports addresses that cannot serve, and processes that would be open to others. Those that were misread
/// are left out.
void check_processes(const PipelineSpec& spec,
                     const std::vector<std::pair<std::string, ProcessEntry>>& entries, Document& document);

/// Reports what one process lacks to be called by another. All are well read.
void check_calls(const PipelineSpec& spec, Document& document);

/// Reports cycles and nodes that no message can reach.
void check_flow(const PipelineSpec& spec, Document& document);

/// The nodes that messages reach, each after all that lead to it. The flow has no cycle.
std::vector<std::size_t> flow_order(const PipelineSpec& spec);

/// Finds the join of every fork and writes it into the ports; reports forks and joins that do not pair like
/// brackets. The flow has no cycle.
void pair_forks_and_joins(PipelineSpec& spec, Document& document);

/// Reports signals, models and references that cannot serve, and whatever node types find wrong themselves.
void check_nodes(const PipelineSpec& spec, const std::vector<NodeEntry>& entries, Document& document);

/// Reports models that nothing uses, and those that cannot embed for another's cache. All are well read.
void check_models(const PipelineSpec& spec, Document& document);

/// Reports processes that cannot be reached, nodes that private messages cannot reach, and forks whose join
/// is elsewhere. Forks are paired.
void check_placement(const PipelineSpec& spec, Document& document);

/// Nodes from which a message can come to `node`, which is not among them.
std::vector<bool> upstream_of(const PipelineSpec& spec, std::size_t node);

}  // namespace slm
