#include "runtime/cli/run_command.h"

#include <atomic>
#include <cstdlib>
#include <optional>

#include "runtime/cli/console.h"

namespace slm::runtime {
namespace {

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
  if (report.is_interrupted) return kExitInterrupted;
  const bool has_failed =
      report.summary.count(OutcomeKind::failed) + report.summary.count(OutcomeKind::expired) > 0;
  return has_failed || !report.input_error.empty() ? kExitSomeFailed : kExitDone;
}

}  // namespace

int run(const RunArguments& arguments) {
  if (arguments.is_json && arguments.options.output == "-")
    throw UsageError(
        "--json prints the summary to standard output; name a file for the outcomes with --output");

  std::atomic<Running*> running{nullptr};
  Signals signals{[&running](int count) { on_signal(running, count); }};
  Runner runner{arguments.options};
  std::optional<Progress> progress;
  progress.emplace(
      "request", [&runner] { return runner.progress(); }, arguments.is_quiet);
  Running reached{runner, *progress};
  running = &reached;

  auto report = runner.run();
  report.is_interrupted = signals.count() > 0;
  signals.stop();
  progress.reset();

  const auto terminal = Terminal::of(stderr);
  if (!arguments.is_quiet) print_note(to_text(report, terminal));
  if (const auto end = early_end(report, terminal); !end.empty()) print_note(end);
  if (arguments.is_json) write_result(to_json(report) + "\n");
  return exit_code(report);
}

}  // namespace slm::runtime
