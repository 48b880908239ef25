#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace slm {

/// One process sends messages to another, which sends back what became of them.
struct Call {
  std::string caller;
  std::string callee;
  std::vector<std::size_t> entries;  ///< nodes of the callee that the caller sends to
  bool operator==(const Call&) const = default;
};

/// The calls that a pipeline makes between its processes.
///
/// A message starts in the process of the entry. Where an edge leads to another process, that one is called;
/// where it leads to a process that waits for the message already, the message goes back there. So links are
/// made in one direction only, and a process that only calls needs no open port.
std::vector<Call> calls_of(const PipelineSpec& spec);

/// The process where messages are submitted; empty for a pipeline without processes.
const std::string& entry_process(const PipelineSpec& spec);

/// Whether messages come to the node as branches of a fork.
bool is_in_fork(const PipelineSpec& spec, std::size_t node);

/// A hash of all that processes must agree upon: nodes, their types and edges and where they live. Options
/// such as bars and prompts do not count, so that they can be changed in one process after the other.
std::uint64_t placement_hash(const PipelineSpec& spec);

}  // namespace slm
