#include "runtime/cli/train_command.h"

#include <cstdio>
#include <system_error>

#include "models/replace_file.h"
#include "runtime/cli/console.h"
#include "runtime/output/output_file.h"
#include "runtime/progress.h"
#include "runtime/report/numbers.h"
#include "runtime/signals.h"
#include "runtime/train/labelled_lines.h"
#include "runtime/train/train_report.h"

namespace slm::runtime {
namespace {

std::string epoch_line(const ngram::EpochProgress& progress) {
  std::string line = "epoch " + std::to_string(progress.epoch) + ": loss " + brief(progress.training_loss);
  if (progress.held_out_loss > 0)
    line += ", held out " + brief(progress.held_out_loss) + ", accuracy " +
            brief(100 * progress.held_out_accuracy) + " %";
  return line + ", " + brief(progress.examples_per_second) + " lines/s";
}

ngram::TrainReport train_with_progress(const TrainArguments& arguments,
                                       const std::vector<ngram::Example>& data,
                                       const std::vector<ngram::Example>& validation) {
  const Signals signals{[](int) {}};
  std::atomic<std::uint32_t> epochs{0};
  Progress progress{
      "epoch", [&] { return ProgressState{.done = epochs, .total = arguments.options.max_epochs}; },
      arguments.is_quiet || !Terminal::of(stderr).is_terminal};  // its lines say it all elsewhere
  const ngram::TrainHooks hooks{.on_epoch =
                                    [&](const ngram::EpochProgress& epoch) {
                                      epochs = epoch.epoch;
                                      if (!arguments.is_quiet) progress.note(epoch_line(epoch));
                                    },
                                .is_cancelled = [&] { return signals.count() > 0; }};
  return ngram::train(data, validation, arguments.options, arguments.output, hooks);
}

// Before the data are read, which may take a while, and overwritten by the model, which could not be undone.
void check_output(const TrainArguments& arguments) {
  if (arguments.output == "-")
    throw UsageError("a model is written to a file, not to standard output; name one with --output");
  std::vector<FileInUse> files;
  for (const auto& file : arguments.data) files.push_back({"training data", file});
  for (const auto& file : arguments.validation) files.push_back({"what --valid names", file});
  refuse_to_overwrite(files, arguments.output);
  try {
    check_replaceable(arguments.output);
  } catch (const std::system_error& error) {
    throw OutputError(error.what());
  }
}

}  // namespace

int train(const TrainArguments& arguments) {
  check_output(arguments);
  ngram::TrainReport report;
  try {
    const auto data = read_labelled_lines(arguments.data, arguments.text_field, arguments.label_field);
    const auto validation =
        read_labelled_lines(arguments.validation, arguments.text_field, arguments.label_field);
    report = train_with_progress(arguments, data, validation);
  } catch (const ngram::TrainError& error) {
    throw UsageError(error.what());
  }
  if (arguments.is_json) write_result(to_json(report, arguments.output) + "\n");
  if (report.is_cancelled) {
    print_note("interrupted: nothing was written");
    return kExitInterrupted;
  }
  if (!arguments.is_quiet) print_note(to_text(report, arguments.output));
  return kExitDone;
}

}  // namespace slm::runtime
