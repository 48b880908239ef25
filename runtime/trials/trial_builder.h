#pragma once

#include <map>
#include <vector>

#include "graph/pipeline.h"
#include "nodes/gate.h"
#include "runtime/report/expectation.h"
#include "runtime/trials/trial.h"
#include "runtime/trials/tunable_gates.h"

namespace slm::runtime {

/// One run of one line: the ways that it is told to take at gates, and what it met.
struct TrialRun {
  struct Step {
    std::size_t gate = 0;
    Way way = Way::escalate;
    Answer answer;
    Usage usage;
  };

  std::vector<Way> script;
  Way beyond = Way::escalate;  ///< the script
  std::vector<Step> steps;
  Outcome outcome;
};

/// Puts the runs of a line together to what could become of it.
class TrialBuilder {
 public:
  TrialBuilder(const PipelineSpec& spec, const std::vector<TunableGate>& gates, std::string id,
               const Expectation& expectation);

  /// Takes what a run met; gives the scripts of runs that must follow.
  std::vector<std::vector<Way>> add(const TrialRun& run);
  Trial take() { return std::move(trial_); }

 private:
  Onward visited(const TrialRun& run, std::size_t step);
  Onward ended(OutcomeKind kind, const Answer& answer, const Usage& usage);

  const PipelineSpec& spec_;
  const std::vector<TunableGate>& gates_;
  const Expectation& expectation_;
  Trial trial_;
  std::map<std::vector<Way>, std::size_t> visits_;  ///< by the ways that lead to them
};

/// The port by which a gate lets out what goes this way; null where it has no such way.
const Port* port_of(const GateOptions& gate, Way way);

/// What a message has used up on these visits, those that are not over apart.
Usage usage_of(const std::vector<Hop>& trace, const PipelineSpec& spec);

}  // namespace slm::runtime
