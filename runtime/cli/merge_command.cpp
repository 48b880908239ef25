#include "runtime/cli/merge_command.h"

#include <optional>

#include "runtime/cli/console.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {

int merge(const MergeArguments& arguments) {
  const auto& output = arguments.options.output;
  if (output == "-")
    throw OutputError(
        "outcomes are proved to be whole before any of them is given; name a file with --output");
  Merge merging{arguments.options};
  MergeReport report;
  {
    const Signals signals{[&](int) { merging.stop(); }};
    const Progress progress{"line", [&] { return merging.progress(); }, arguments.is_quiet};
    report = merging.run();
  }
  if (arguments.is_json) write_result(to_json(report, output) + "\n");
  if (!arguments.is_quiet || !report.is_whole()) print_note(to_text(report, output, Terminal::of(stderr)));
  if (report.is_interrupted) return kExitInterrupted;
  return report.is_whole() ? kExitDone : kExitSomeFailed;
}

}  // namespace slm::runtime
