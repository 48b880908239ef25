#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "runtime/trials/trial.h"

namespace slm::runtime {

/// A gate whose bars decide which messages go on to the next tier.
struct TunableGate {
  std::size_t node = 0;  ///< position in the pipeline
  std::string name;
  bool has_reject = false;
  bool has_accept = false;
  double highest = 1;  ///< that a bar of it need be: no confidence is above
  Bars bars;           ///< as the pipeline file has them; infinite where it has no such rule
};

/// The gates of a pipeline that escalate to another node, in the order of the file. Not those in a branch of
/// a fork, where what a message ends as is for its join to say; they keep their bars, as do gates behind
/// which nothing follows.
std::vector<TunableGate> tunable_gates(const PipelineSpec& spec);

/// The bars of the file, parallel to the gates.
std::vector<Bars> bars_of(const std::vector<TunableGate>& gates);
/// All escalate.
std::vector<Bars> highest_bars(const std::vector<TunableGate>& gates);

}  // namespace slm::runtime
