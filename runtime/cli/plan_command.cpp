#include "runtime/cli/plan_command.h"

#include <atomic>

#include "nodes/unasked_models.h"
#include "runtime/cli/console.h"
#include "runtime/evaluate/labelled_run.h"
#include "runtime/input/input_files.h"
#include "runtime/progress.h"
#include "runtime/signals.h"

namespace slm::runtime {
namespace {

Sample read_sample(InputFiles& input, const PlanArguments& arguments) {
  std::atomic<std::uint64_t> read{0};
  const Progress progress{"line", [&] { return ProgressState{.done = read}; }, arguments.is_quiet};
  return draw_sample(input, arguments.sample, arguments.options.seed, read);
}

}  // namespace

int plan(const PlanArguments& arguments) {
  const Pipeline pipeline = Pipeline::load(arguments.pipeline);
  Flag stop;
  InputFiles input{arguments.inputs, arguments.source, stop.descriptor()};
  GraphOptions graph{.max_in_flight = arguments.max_in_flight, .timeout = arguments.timeout};
  if (!arguments.options.asks_remote) graph.wrap = leaving_remote_unasked();
  LabelledRun run{pipeline, graph};
  const Signals signals{[&](int) {
    stop.set();
    run.give_up();
  }};
  const Sample sample = read_sample(input, arguments);
  const auto start = Clock::now();
  std::vector<std::optional<Outcome>> outcomes;
  {
    const Progress progress{"line", [&] { return run.progress(); }, arguments.is_quiet};
    outcomes = run.run(sample.lines);
  }
  const auto time = Clock::now() - start;
  if (signals.count() > 0) {
    print_note("interrupted: there is no plan");
    return kExitInterrupted;
  }
  const Forecast found = forecast(pipeline.spec(), sample, outcomes, time, arguments.options);
  write_result(arguments.is_json ? to_json(found, arguments.options) + "\n"
                                 : to_text(found, Terminal::of(stdout)));
  return kExitDone;
}

}  // namespace slm::runtime
