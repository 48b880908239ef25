#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "graph/graph.h"
#include "runtime/input/source.h"
#include "runtime/progress.h"

namespace slm::runtime {

/// Runs lines through a pipeline, all of its processes in this one, and keeps what becomes of them.
///
/// `run` is called once, by one thread; the other functions by any.
class LabelledRun {
 public:
  /// Opens the models. Throws PipelineError.
  LabelledRun(const Pipeline& pipeline, const GraphOptions& options) : graph_{pipeline, as_trial(options)} {}

  /// An outcome for each line, in their order; empty for those that were not begun or were given up. What
  /// `problem` says of a line is not looked at.
  std::vector<std::optional<Outcome>> run(const std::vector<InputItem>& lines);

  /// Begins no more lines; what is in flight is finished.
  void stop() { is_stopping_ = true; }
  /// As `stop`, and leaves what is in flight.
  void give_up();

  ProgressState progress() const { return {.done = done_, .total = total_}; }

 private:
  static GraphOptions as_trial(GraphOptions options) {
    options.is_trial = true;
    return options;
  }

  std::atomic<bool> is_stopping_{false};
  std::stop_source given_up_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  Graph graph_;
};

}  // namespace slm::runtime
