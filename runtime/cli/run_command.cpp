#include "runtime/cli/run_command.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "graph/format/nearest.h"
#include "graph/placement.h"
#include "models/model_store.h"
#include "nodes/recorded_models.h"
#include "runtime/cli/console.h"
#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

/// What a signal reaches, which is nothing before the run has begun.
struct Running {
  Runner& runner;
  Progress& progress;
};

void on_signal(const std::atomic<Running*>& running, int count) {
  Running* run = running;
  if (run == nullptr) {
    // Models are being loaded, which nothing can stop, and nothing else has been done.
    print_note("interrupted before the first request");
    std::_Exit(kExitInterrupted);
  }
  if (count == 1) {
    run->runner.stop_reading();
    run->progress.note("interrupted: finishing what is in flight; interrupt again to give it up");
  } else {
    run->runner.give_up();
    run->progress.note("interrupted again: giving up what is in flight");
  }
}

int exit_code(const RunReport& report) {
  if (!report.output_error.empty()) return kExitSomeFailed;
  if (report.recorded && !report.recorded->error.empty()) return kExitSomeFailed;
  if (report.failed_lines && !report.failed_lines->error.empty()) return kExitSomeFailed;
  if (report.is_interrupted || !report.budget_reached.empty()) return kExitInterrupted;
  const bool has_failed =
      report.summary.count(OutcomeKind::failed) + report.summary.count(OutcomeKind::expired) > 0;
  return has_failed || !report.input_error.empty() ? kExitSomeFailed : kExitDone;
}

/// Every process that the options name.
std::vector<std::string> named_processes(const RunOptions& options) {
  std::vector<std::string> names{options.process};
  for (const auto& [name, address] : options.connect) names.push_back(name);
  return names;
}

void check_addresses(const RunOptions& options) {
  const auto check = [](const std::string& option, const std::string& address) {
    try {
      Endpoint::parse(address);
    } catch (const std::invalid_argument& error) {
      throw UsageError(option + ": `" + address + "`: expected " + error.what());
    }
  };
  if (!options.listen.empty()) check("--listen", options.listen);
  for (const auto& [name, address] : options.connect) check("--connect", address);
}

/// Whether the process that is named is one that others call. Throws UsageError where there is no such
/// process.
bool is_server(const RunOptions& options) {
  if (options.process.empty()) {
    if (options.is_worker)
      throw UsageError("--worker is for a process with `workers`; name it with --process");
    if (!options.listen.empty() || !options.connect.empty())
      throw UsageError("--listen and --connect are for one process of a pipeline; name it with --process");
    return false;
  }
  check_addresses(options);
  const Pipeline pipeline = Pipeline::load(options.pipeline);
  std::vector<std::string> names;
  for (const ProcessSpec& process : pipeline.spec().processes) names.push_back(process.name);
  if (names.empty())
    throw UsageError("--process: pipeline `" + pipeline.spec().name + "` has no `processes`; leave it out");
  for (const std::string& name : named_processes(options))
    if (std::ranges::count(names, name) == 0)
      throw UsageError("no process `" + name + "`; expected one of: " + listed(names) +
                       did_you_mean(name, names));
  if (options.is_worker && !pipeline.spec().process(options.process)->workers)
    throw UsageError("--worker: process `" + options.process + "` has no `workers` in the pipeline");
  return entry_process(pipeline.spec()) != options.process;
}

Json stats_json(const std::string& process, const link::CalleeStats& stats) {
  return {{"process", process},       {"calls", stats.calls},         {"duplicates", stats.duplicates},
          {"refused", stats.refused}, {"malformed", stats.malformed}, {"violations", stats.violations}};
}

void add_pool(Json& stats, const link::PoolStats& pool) {
  stats["workers"] = {{"joined", pool.joined},
                      {"deaths", pool.deaths},
                      {"again", pool.again},
                      {"hedged", pool.hedged},
                      {"poisonous", pool.poisonous}};
}

/// Works for the processes that call this one, until it is told to end. What has come by then is finished.
int serve(const RunArguments& arguments) {
  const RunOptions& options = arguments.options;
  if (options.inputs != std::vector<std::string>{"-"} || options.output != "-" || !options.failed.empty() ||
      !options.checkpoint.empty() || options.source.shard.count > 1)
    throw UsageError(
        "process `" + options.process +
        "` is sent its messages by other processes; --input, --shard, --output, --failed and --checkpoint "
        "are for `" +
        entry_process(Pipeline::load(options.pipeline).spec()) + '`');
  Flag is_ending;
  std::atomic<link::Process*> running{nullptr};
  Signals signals{[&](int count) {
    link::Process* process = running;
    if (process == nullptr) std::_Exit(kExitInterrupted);
    if (count > 1) process->give_up();
    process->leave();
    is_ending.set();
  }};
  const auto note = [&](const std::string& line) {
    if (!arguments.is_quiet) print_note(line);
  };
  const Pipeline pipeline = Pipeline::load(options.pipeline);
  ModelStore::instance().set_memory(options.model_memory);
  const bool has_workers = !options.is_worker && pipeline.spec().process(options.process)->workers;
  const auto recorder = open_recorder(options.record, files_of(pipeline.spec()));
  auto settings = process_options(options, pipeline.spec(), note);
  if (recorder) settings.graph.wrap = recording(recorder);
  auto process = std::make_unique<link::Process>(pipeline, std::move(settings));
  running = process.get();
  const std::string name = (options.is_worker ? "a worker of process " : "process ") + options.process;
  if (process->is_called()) note(name + " listens at " + process->address());
  if (has_workers) note(name + " listens for workers at " + process->workers_address());

  pollfd ending{is_ending.descriptor(), POLLIN, 0};
  constexpr int kLongestWaitMs = 1000;  // for the answer to a question
  while (!is_ending.is_set()) {
    ::poll(&ending, 1, kLongestWaitMs);
    if (take_question()) print_note(name + " has done " + counted(process->server_stats().calls, "call"));
  }
  note("interrupted: finishing what has come; interrupt again to give it up");
  process->finish();
  signals.stop();
  const link::CalleeStats stats = process->server_stats();
  note(name + " did " + std::to_string(stats.calls) + " calls");
  const auto recorded = recorder ? recorder->result() : replay::Recorder::Result{};
  if (!recorded.error.empty()) print_error("cannot write the recording: " + recorded.error);
  Json result = stats_json(options.process, stats);
  if (has_workers) add_pool(result, process->pool_stats());
  if (arguments.is_json) write_result(result.dump() + "\n");
  return recorded.error.empty() ? kExitDone : kExitSomeFailed;
}

}  // namespace

int run(const RunArguments& arguments) {
  if (is_server(arguments.options)) return serve(arguments);
  const RunOptions& options = arguments.options;
  if (!options.checkpoint.empty() && options.output == "-")
    throw UsageError("--checkpoint needs an output that can be looked at again; name a file with --output");
  if (!options.checkpoint.empty() && options.is_resuming)
    throw UsageError(
        "--resume goes on by what the output holds, --checkpoint by itself; leave one of them out");
  const auto format = options.output_format == OutputFormat::automatic ? format_of_output(options.output)
                                                                       : options.output_format;
  if (options.is_resuming && format == OutputFormat::sqlite)
    throw UsageError("--resume reads JSON lines; go on with a database by --checkpoint");
  if (options.is_resuming && options.output == "-")
    throw UsageError("--resume goes on with a file; name it with --output");
  if (arguments.is_json && options.output == "-")
    throw UsageError(
        "--json prints the summary to standard output; name a file for the outcomes with --output");

  std::atomic<Running*> running{nullptr};
  Signals signals{[&running](int count) { on_signal(running, count); }};
  std::optional<Progress> progress;
  Runner runner{options, [&progress, &running](const std::string& note) {
                  if (running != nullptr)
                    progress->note(note);
                  else
                    print_note(note);
                }};
  progress.emplace(
      "request", [&runner] { return runner.progress(); }, arguments.is_quiet);
  Running reached{runner, *progress};
  running = &reached;

  auto report = runner.run();
  report.is_interrupted = signals.count() > 0;
  signals.stop();
  running = nullptr;
  progress.reset();

  const auto terminal = Terminal::of(stderr);
  if (!arguments.is_quiet) print_note(to_text(report, terminal));
  if (const auto end = early_end(report, terminal); !end.empty()) print_note(end);
  if (arguments.is_json) write_result(to_json(report) + "\n");
  return exit_code(report);
}

}  // namespace slm::runtime
