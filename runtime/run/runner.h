#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "models/replay/recorder.h"
#include "nodes/link/custody.h"
#include "nodes/link/process.h"
#include "runtime/checkpoint/checkpointed_sink.h"
#include "runtime/input/input_files.h"
#include "runtime/output/earlier_outcomes.h"
#include "runtime/output/failed_lines.h"
#include "runtime/output/outcome_writer.h"
#include "runtime/output/output_file.h"
#include "runtime/progress.h"
#include "runtime/report/run_report.h"
#include "runtime/run/run_budget.h"
#include "runtime/signals.h"

namespace slm::runtime {

struct RunOptions {
  // Behaviour
  std::filesystem::path pipeline;
  std::vector<std::string> inputs = {"-"};               ///< files and patterns of them; `-`: standard input
  std::filesystem::path output = "-";                    ///< `-`: standard output
  OutputFormat output_format = OutputFormat::automatic;  ///< automatic: by the file's extension
  SourceOptions source;
  /// Goes on with an output that an interrupted run left: what it holds is not done again.
  bool is_resuming = false;
  /// Where the run notes how far it is; one that is there is gone on from. Empty: it does not.
  std::filesystem::path checkpoint;
  /// Where messages to other processes are kept on disk; empty: the folder of `default_spool`.
  std::filesystem::path spool;
  bool is_durable = true;        ///< whether they are kept there at all
  std::filesystem::path record;  ///< the calls of all models are added to this recording; empty: to none
  /// Gets the lines that failed or expired, those of a resumed output too; empty: none does.
  std::filesystem::path failed;
  std::vector<Budget>
      budgets;  ///< what all of the run may spend; it ends, to be gone on with, where one is reached
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
  std::uint64_t model_memory = 0;  ///< bytes that models may take together; 0: as many as there are
  // Tests
  std::filesystem::path powercap;  ///< where energy counters are; empty: where Linux has them
};

/// The process that `options` names, its links told of through `log`.
link::ProcessOptions process_options(const RunOptions& options, const PipelineSpec& spec,
                                     std::function<void(std::string)> log);

/// Null where nothing is to be recorded. Throws OutputError where the recording is one of the files, or
/// cannot be added to.
std::shared_ptr<replay::Recorder> open_recorder(const std::filesystem::path& file,
                                                const std::vector<FileInUse>& files);

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

  /// Reads no more; what is in flight is finished, but for what nodes hold on disk, which another run goes on
  /// with.
  void stop_reading();
  /// As `stop_reading`, and ends what is in flight `expired`.
  void give_up();

  ProgressState progress() const;

 private:
  void open_stores(const std::function<void(const std::string&)>& log);
  void resume_left(OutcomeWriter& writer);
  void read_all(OutcomeWriter& writer, RunReport& report);
  void count(const Result& result);
  void take(InputItem item, OutcomeWriter& writer);
  void open_output_and_resume(std::unique_ptr<Checkpoint> checkpoint);
  bool sync_output() const;
  void note(const std::string& line);

  RunOptions options_;
  Pipeline pipeline_;
  Flag stop_;
  std::stop_source given_up_;
  std::stop_source input_ended_;
  std::stop_source leaving_;
  InputFiles input_;
  std::shared_ptr<replay::Recorder> recorder_;  ///< null: nothing is recorded
  std::chrono::nanoseconds load_time_{};
  std::mutex notes_mutex_;
  std::vector<std::string> notes_;             // guarded by notes_mutex_; outlive the graph, which logs
  std::unique_ptr<OutcomeSink> output_;        ///< outlives the graph, whose links sync it to their end
  CheckpointedSink* checkpointed_ = nullptr;   ///< `output_`, where there is a checkpoint
  std::atomic<OutcomeSink*> synced_{nullptr};  ///< likewise, once it is open
  /// What `aggregate` nodes hold on disk, by node.
  std::map<std::string, std::shared_ptr<link::Custody>> stores_;
  std::unique_ptr<link::Process> process_;  ///< null where all processes run in this one
  std::unique_ptr<Graph> whole_;            ///< null where not
  Graph* graph_ = nullptr;
  EarlierOutcomes earlier_;
  std::unique_ptr<FailedLines> failed_;  ///< null: they are kept in no file
  std::optional<RunBudget> budget_;
  std::uint64_t resumed_ = 0;  ///< done by earlier runs

  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> is_all_read_{false};
  mutable std::mutex summary_mutex_;
  Summary summary_;  // guarded by summary_mutex_
};

}  // namespace slm::runtime
