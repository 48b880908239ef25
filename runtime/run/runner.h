#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>

#include "graph/graph.h"
#include "runtime/input/source.h"
#include "runtime/output/outcome_writer.h"
#include "runtime/output/output_file.h"
#include "runtime/progress.h"
#include "runtime/report/run_report.h"
#include "runtime/signals.h"

namespace slm::runtime {

struct RunOptions {
  // Behaviour
  std::filesystem::path pipeline;
  std::filesystem::path input = "-";   ///< `-`: standard input
  std::filesystem::path output = "-";  ///< `-`: standard output
  SourceOptions source;
  bool is_ordered = false;  ///< outcomes in the order of the input; costs waiting for slow ones
  std::optional<std::chrono::milliseconds>
      timeout;  ///< for requests that bring none; empty: the pipeline's own
  // Performance
  std::size_t max_in_flight = 1024;
};

/// Reads requests, runs them through a pipeline and writes what became of them, each line once, whatever
/// happens.
///
/// `run` is called once, by one thread; the other functions by any.
class Runner {
 public:
  /// Opens pipeline, input, models and output, in this order, the output last, so that nothing is overwritten
  /// where something else is wrong. Throws PipelineError, InputError and OutputError, that one also where the
  /// output is a file that is read.
  explicit Runner(RunOptions options);

  /// Returns when everything that was read is written. A line that is wrong, a read error and a full disk are
  /// told in the report.
  RunReport run();

  /// Reads no more; what is in flight is finished.
  void stop_reading();
  /// As `stop_reading`, and ends what is in flight `expired`.
  void give_up();

  ProgressState progress() const;

 private:
  void read_all(OutcomeWriter& writer, RunReport& report);
  void take(InputItem item, OutcomeWriter& writer);

  RunOptions options_;
  Pipeline pipeline_;
  Flag stop_;
  std::stop_source given_up_;
  ByteReader bytes_;
  std::unique_ptr<Source> source_;
  std::chrono::nanoseconds load_time_{};
  std::unique_ptr<Graph> graph_;
  Descriptor output_;

  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> is_all_read_{false};
};

}  // namespace slm::runtime
