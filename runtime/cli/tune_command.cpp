#include "runtime/cli/tune_command.h"

#include <algorithm>
#include <system_error>

#include "nodes/recorded_models.h"
#include "runtime/cli/console.h"
#include "runtime/cli/labelled_trials.h"
#include "runtime/edit/pipeline_edit.h"
#include "runtime/output/output_file.h"
#include "runtime/report/html/report_file.h"
#include "runtime/report/numbers.h"
#include "runtime/report/subject.h"
#include "runtime/run/runner.h"
#include "runtime/trials/labelled_data.h"
#include "runtime/trials/trials.h"
#include "runtime/tune/tune_html.h"
#include "runtime/tune/tune_report.h"

namespace slm::runtime {
namespace {

void check_gates(const std::vector<TunableGate>& gates) {
  if (gates.empty())
    throw UsageError(
        "there is no gate to tune: none escalates to another node, or all that do are in a branch of a fork");
}

/// Lines that the target can be judged by.
std::vector<InputItem> usable_lines(const TuneArguments& arguments, const TuneOptions& options) {
  auto lines = read_labelled_data(arguments.data, arguments.source);
  if (options.target.kind == Target::Kind::agreement) return lines;
  const std::size_t left_out = erase_unlabelled(lines, ", or --target agreement=…, which needs no labels");
  if (left_out > 0 && !arguments.is_quiet)
    print_note(counted(left_out, "line") + " without a label left out");
  return lines;
}

bool has_cost(const std::vector<Trial>& trials) {
  return std::ranges::any_of(trials, [](const Trial& trial) {
    return std::ranges::any_of(trial.endings, [](const Ending& ending) { return ending.usage.cost > 0; });
  });
}

PipelineEdit changed_bars(const TuneArguments& arguments, const std::vector<TunableGate>& gates,
                          const std::vector<Bars>& bars) {
  PipelineEdit edit{arguments.pipeline};
  for (std::size_t gate = 0; gate < gates.size(); ++gate) {
    const TunableGate& of = gates[gate];
    const auto set = [&](const char* rule, double before, double now) {
      if (now != before) edit.set({"nodes", of.name, rule, "at_least"}, now);
    };
    if (of.has_reject) set("reject", of.bars.reject, bars[gate].reject);
    if (of.has_accept) set("accept", of.bars.accept, bars[gate].accept);
  }
  return edit;
}

void write_bars(const TuneArguments& arguments, const TuneSubject& subject, const TuneOptions& options,
                const std::vector<Bars>& bars) {
  PipelineEdit edit = changed_bars(arguments, subject.gates, bars);
  edit.note({"nodes"}, {.command = "tune", .date = today(), .text = note_text(subject, options)});
  if (arguments.output.empty())
    edit.write();
  else
    write_result(edit.text(), arguments.output);
}

std::vector<FileInUse> files_read(const TuneArguments& arguments, const PipelineSpec& spec) {
  std::vector<FileInUse> files = files_of(spec);
  for (const auto& file : arguments.data) files.push_back({"the data", file});
  return files;
}

// Before the models are asked, which may take long.
void check_report(const TuneArguments& arguments, const PipelineSpec& spec) {
  if (arguments.report.empty()) return;
  const std::vector<FileInUse> files = files_read(arguments, spec);
  if (arguments.report == arguments.output) throw UsageError("--report and --output name the same file");
  check_report_file(files, arguments.report);
}

}  // namespace

int tune(const TuneArguments& arguments) {
  const Pipeline pipeline = Pipeline::load(arguments.pipeline);
  if (!arguments.target && !arguments.options.budget)
    throw UsageError("name what is to be reached with --target, or what may be spent with --budget");
  if (arguments.options.budget && arguments.options.confidence)
    throw UsageError("--confidence is for a --target; what a --budget buys is not certified");
  const std::vector<TunableGate> gates = tunable_gates(pipeline.spec());
  check_gates(gates);
  if (!arguments.output.empty()) refuse_to_overwrite(files_of(pipeline.spec()), arguments.output);
  check_report(arguments, pipeline.spec());
  TuneOptions options = arguments.options;
  if (arguments.target) options.target = *arguments.target;
  const std::vector<InputItem> lines = usable_lines(arguments, options);
  if (const std::string why = why_too_few(options, gates, lines.size()); !why.empty()) throw UsageError(why);

  // What would be in the way of writing bars is found now.
  if (!arguments.is_dry) changed_bars(arguments, gates, std::vector<Bars>(gates.size(), {-1, -1}));

  GraphOptions graph{.max_in_flight = arguments.max_in_flight};
  if (const auto recorder = open_recorder(arguments.record, files_read(arguments, pipeline.spec())))
    graph.wrap = recording(recorder);
  TrialRunner runner{pipeline, graph};
  std::vector<Trial> trials = tried(runner, lines, arguments.is_quiet);
  if (trials.empty()) {
    print_note("interrupted: nothing was written");
    return kExitInterrupted;
  }
  options.spend = arguments.spend.value_or(has_cost(trials) ? Spend::cost : Spend::calls);
  if (options.budget) options.spend = options.budget->spend;
  const TuneSubject subject{.pipeline = pipeline.spec().name,
                            .data = data_text(lines.size(), arguments.data),
                            .gates = gates,
                            .models = model_names(pipeline.spec())};
  const TuneResult result = tune(std::move(trials), subject.gates, subject.models, options);
  if (arguments.is_json) write_result(to_json(subject, options, result) + "\n");
  if (!arguments.is_quiet) print_note(to_text(subject, options, result));
  if (!arguments.report.empty()) write_report(html_report(subject, options, result), arguments.report);
  if (!result.is_reached) return kExitSomeFailed;
  if (!arguments.is_dry) write_bars(arguments, subject, options, result.now.bars);
  return kExitDone;
}

}  // namespace slm::runtime
