#include "runtime/cli/command_line.h"

#include <algorithm>
#include <vector>

#include "graph/format/nearest.h"
#include "runtime/cli/console.h"
#include "runtime/cli/declared_commands.h"

namespace slm::runtime {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

const CLI::App& parsed_command(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : parsed_command(*parsed.front());
}

/// `run`, `models quantize`, …
std::string called(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? "" : parsed.front()->get_name() + " " + called(*parsed.front());
}

/// CLI11 says that an argument "was not expected"; here is which one was meant.
std::string unknown_argument(const CLI::App& app) {
  const auto& command = parsed_command(app);
  const auto rest = app.remaining(true);
  if (rest.empty()) return "";
  const auto& word = rest.front();
  if (word.starts_with('-')) {
    const auto name = word.substr(0, word.find('='));
    return "there is no option `" + name + "`" + did_you_mean(name, option_names(command));
  }
  if (&command == &app) return "there is no command `" + word + "`" + did_you_mean(word, command_names(app));
  return "there is nothing that `" + word + "` could be";
}

int report(const CLI::App& app, const CLI::ParseError& error) {
  // --help and --version end the parsing in the same way as mistakes do.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return guarded([&] {
      const bool is_version = dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr;
      write_result(is_version ? std::string{error.what()} + "\n" : app.help());
      return kExitDone;
    });
  }
  const auto unknown = unknown_argument(app);
  print_error(unknown.empty() ? error.what() : unknown);
  print_note("`slm-graph " + called(app) + "--help` tells what is possible");
  return kExitUsage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Runs cascades of small language models as dataflow graphs.", "slm-graph"};
  app.set_version_flag("--version", "slm-graph " SLM_GRAPH_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.footer("`slm-graph COMMAND --help` has the options of a command, with examples.");
  app.get_formatter()->column_width(28);
  Chosen chosen;
  declare_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report(app, error);
  }
  if (!chosen) {
    print_error("expected a command");
    print_note(app.help());
    return kExitUsage;
  }
  return guarded(chosen);
}

}  // namespace slm::runtime
