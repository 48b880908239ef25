#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "graph/graph.h"
#include "runtime/input/source.h"
#include "runtime/progress.h"
#include "runtime/trials/trial.h"
#include "runtime/trials/trial_builder.h"
#include "runtime/trials/tunable_gates.h"

namespace slm::runtime {

/// Runs labelled lines through a pipeline on all the ways that they could take, with real models.
///
/// A line follows every gate's escalation; the ways that end at a gate cost nothing more. Only where a gate
/// leads on by more than one way is the line run again for each. All processes of the pipeline run in this
/// one. `run` is called by one thread, `progress` and `give_up` by any.
class TrialRunner {
 public:
  /// Opens the models. Throws PipelineError. `options.wrap_node` is the runner's own.
  explicit TrialRunner(const Pipeline& pipeline, GraphOptions options = {});
  ~TrialRunner();

  const std::vector<TunableGate>& gates() const { return gates_; }

  /// A trial for each line, in their order; what `problem` says of a line is not looked at. Empty where it
  /// was given up. Throws UsageError where a line has too many ways. With `only`, every gate is left by that
  /// way, which all must have, and what others lead on to is not tried.
  std::vector<Trial> run(const std::vector<InputItem>& lines, std::optional<Way> only = {});

  ProgressState progress() const { return {.done = done_, .total = total_}; }
  void give_up();

 private:
  class Watched;
  struct Running;

  void run_all(std::vector<std::unique_ptr<Running>> wave, const std::vector<InputItem>& lines);

  const Pipeline pipeline_;
  const std::vector<TunableGate> gates_;
  std::vector<std::unique_ptr<Running>> running_;  ///< a message finds its own by its tag
  std::stop_source given_up_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  std::unique_ptr<Graph> graph_;
};

}  // namespace slm::runtime
