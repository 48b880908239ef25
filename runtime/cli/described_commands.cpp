#include "runtime/cli/completion.h"
#include "runtime/cli/declared_commands.h"

namespace slm::runtime {
namespace {

/// The type that an option was declared with: `FILE`, `{auto,csv}`, …
CompletedValue value_of(const CLI::Option& option) {
  using Kind = CompletedValue::Kind;
  if (option.get_items_expected_max() == 0) return {Kind::none, {}};
  const auto type = option.get_type_name();
  if (type == "FILE") return {Kind::file, {}};
  if (!type.starts_with('{')) return {Kind::other, {}};
  return {Kind::choice, CLI::detail::split(type.substr(1, type.size() - 2), ',')};
}

void describe(const CLI::App& app, const std::string& parent, std::vector<CompletedCommand>& commands) {
  const auto full_name = parent.empty() ? app.get_name() : parent + " " + app.get_name();
  CompletedCommand command{full_name, parent, app.get_description(), {}, {}};
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) {
      command.arguments = value_of(*option);
      continue;
    }
    CompletedOption completed{{}, option->get_description(), value_of(*option)};
    for (const auto& name : option->get_snames()) completed.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) completed.names.push_back("--" + name);
    command.options.push_back(std::move(completed));
  }
  commands.push_back(std::move(command));
  for (const auto* own : app.get_subcommands([](const CLI::App*) { return true; }))
    describe(*own, full_name, commands);
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<CompletedCommand> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    describe(*command, "", commands);
  if (shell == "zsh") return zsh_completion(commands);
  return shell == "fish" ? fish_completion(commands) : bash_completion(commands);
}

}  // namespace slm::runtime
