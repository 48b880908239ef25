#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "graph/graph.h"
#include "nodes/link/process.h"
#include "runtime/input/source.h"
#include "runtime/output/earlier_outcomes.h"
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
  /// Goes on with an output that an interrupted run left: what it holds is not done again.
  bool is_resuming = false;
  /// Where messages to other processes are kept on disk; empty: the folder of `default_spool`.
  std::filesystem::path spool;
  bool is_durable = true;   ///< whether they are kept there at all
  bool is_ordered = false;  ///< outcomes in the order of the input; costs waiting for slow ones
  /// The process of the pipeline to run; empty: all of them in this one.
  std::string process;
  bool is_worker = false;                      ///< one of its workers
  std::string listen;                          ///< instead of the pipeline's own address
  std::map<std::string, std::string> connect;  ///< likewise, by process
  std::optional<std::chrono::milliseconds>
      timeout;  ///< for requests that bring none; empty: the pipeline's own
  // Performance
  std::size_t max_in_flight = 1024;
};

/// The process that `options` names, its links told of through `log`.
link::ProcessOptions process_options(const RunOptions& options, const PipelineSpec& spec,
                                     std::function<void(std::string)> log);

/// Of one process of a pipeline: in `$XDG_STATE_HOME`, or `~/.local/state` where that is not set.
std::filesystem::path default_spool(const PipelineSpec& spec, const std::string& process);

/// Reads requests, runs them through a pipeline and writes what became of them, each line once, whatever
/// happens.
///
/// `run` is called once, by one thread; the other functions by any.
class Runner {
 public:
  /// Opens pipeline, input, models and output, in this order, the output last, so that nothing is overwritten
  /// where something else is wrong. Throws PipelineError, InputError and OutputError, that one also where the
  /// output is a file that is read. `log` is told what happens to links, a line each, from any thread.
  explicit Runner(
      RunOptions options, std::function<void(std::string)> log = [](const std::string&) {});

  /// Returns when everything that was read is written. A line that is wrong, a read error and a full disk are
  /// told in the report.
  RunReport run();

  /// Reads no more; what is in flight is finished.
  void stop_reading();
  /// As `stop_reading`, and ends what is in flight `expired`.
  void give_up();

  ProgressState progress() const;

 private:
  void resume_left(OutcomeWriter& writer);
  void read_all(OutcomeWriter& writer, RunReport& report);
  void take(InputItem item, OutcomeWriter& writer);
  bool sync_output() const;

  RunOptions options_;
  Pipeline pipeline_;
  Flag stop_;
  std::stop_source given_up_;
  ByteReader bytes_;
  std::unique_ptr<Source> source_;
  std::chrono::nanoseconds load_time_{};
  std::unique_ptr<link::Process> process_;  ///< null where all processes run in this one
  std::unique_ptr<Graph> whole_;            ///< null where not
  Graph* graph_ = nullptr;
  EarlierOutcomes earlier_;
  Descriptor output_;
  std::atomic<int> synced_{-1};  ///< the output's descriptor, where it is a file

  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> is_all_read_{false};
};

}  // namespace slm::runtime
