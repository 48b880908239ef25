#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/node.h"

namespace slm {

/// An exit of a planned node. More than one target is a fork, which `gathered_by` must then name the join of;
/// a port with one target that names a join is a fork of one branch.
struct PlannedPort {
  std::vector<std::size_t> targets;  ///< positions in `Plan::nodes`; none: the message ends
  OutcomeKind when_open = OutcomeKind::answered;
  std::optional<std::size_t> gathered_by;
  std::string name;  ///< as the pipeline file has it, for reasons
};

struct PlannedNode {
  std::string name;
  AnyNode node;
  std::vector<PlannedPort> ports;
};

/// A pipeline with everything looked up and built, ready to run. The loader has checked that it has no cycle
/// and that forks and joins pair like brackets.
struct Plan {
  std::vector<PlannedNode> nodes;
  std::size_t entry = 0;
  /// What hops that come from elsewhere refer to; outcomes keep it alive. May be null.
  std::shared_ptr<const void> owner;
};

/// Throws std::invalid_argument where a position, a node or the join of a fork is missing. That forks and
/// joins pair and that there is no cycle is for the loader to check, which can say where in the file.
void check_runnable(const Plan& plan);

}  // namespace slm
