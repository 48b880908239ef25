#include "runtime/cli/quantize_command.h"

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "models/replace_file.h"
#include "runtime/cli/console.h"
#include "runtime/output/output_file.h"
#include "runtime/progress.h"
#include "runtime/report/model_json.h"
#include "runtime/report/numbers.h"
#include "runtime/signals.h"

namespace slm::runtime {
namespace {

void check_output(const QuantizeArguments& arguments) {
  if (arguments.output == "-")
    throw UsageError("a model is written to a file, not to standard output; name one with --output");
  refuse_to_overwrite({{"the model to quantise", arguments.file}}, arguments.output);
  std::error_code ignored;
  if (!arguments.is_forced && std::filesystem::exists(arguments.output, ignored))
    throw UsageError(arguments.output.string() +
                     " is there already; nothing was written (--force overwrites)");
  try {
    check_replaceable(arguments.output);
  } catch (const std::system_error& error) {
    throw OutputError(error.what());
  }
}

llama::QuantizeReport quantize_to(const QuantizeArguments& arguments,
                                  const std::filesystem::path& temporary) {
  std::atomic<std::uint64_t> begun{0}, total{0};
  const Progress progress{"tensor", [&] { return ProgressState{.done = begun, .total = total}; },
                          arguments.is_quiet};
  auto report = llama::quantize(arguments.file, temporary, arguments.options, [&](int tensor, int of) {
    begun = static_cast<std::uint64_t>(tensor - 1);
    total = static_cast<std::uint64_t>(of);
  });
  begun = total.load();
  return report;
}

std::string to_text(const llama::QuantizeReport& report, const std::filesystem::path& output) {
  const auto before = report.before.file_bytes, after = report.after.file_bytes;
  std::string text = output.string() + ": " + bytes(after) + ", " + percent(after, before) + " of the " +
                     bytes(before) + " before\n  tensors:";
  const char* between = " ";
  for (const auto& [type, count] : report.tensors) {
    text.append(between).append(grouped(count)).append(" ").append(type);
    between = ", ";
  }
  text += "\n";
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> unlike;
  for (const auto& tensor : report.unlike) unlike[{tensor.wanted, tensor.written}].push_back(tensor.name);
  for (const auto& [types, names] : unlike)
    text += "  " + counted(names.size(), "tensor") + " in " + types.second + " in place of " + types.first +
            ", which does not suit the shape or the kind: " + names.front() +
            (names.size() > 1 ? " and others\n" : "\n");
  return text;
}

std::string to_json(const llama::QuantizeReport& report, const std::filesystem::path& output) {
  nlohmann::ordered_json json = {{"output", output.string()},
                                 {"before", model_json(report.before)},
                                 {"after", model_json(report.after)},
                                 {"tensors", report.tensors},
                                 {"unlike", nlohmann::ordered_json::array()}};
  json["after"]["file"] = output.string();
  for (const auto& tensor : report.unlike)
    json["unlike"].push_back(
        {{"tensor", tensor.name}, {"wanted", tensor.wanted}, {"written", tensor.written}});
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

int quantize_model(const QuantizeArguments& arguments) {
  check_output(arguments);
  llama::QuantizeReport report;
  try {
    FileReplacement output{arguments.output};
    // llama.cpp cannot be stopped, so the process ends in the midst of it.
    const Signals signals{[&](int) {
      std::error_code ignored;
      std::filesystem::remove(output.path(), ignored);
      print_note("interrupted: nothing was written");
      std::_Exit(kExitInterrupted);
    }};
    report = quantize_to(arguments, output.path());
    output.finish();
  } catch (const std::system_error& error) {
    throw WriteError("cannot write " + arguments.output.string() + ": " + error.code().message());
  }
  if (arguments.is_json) write_result(to_json(report, arguments.output));
  if (!arguments.is_quiet) print_note(to_text(report, arguments.output));
  return kExitDone;
}

}  // namespace slm::runtime
