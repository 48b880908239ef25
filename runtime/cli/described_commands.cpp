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

CompletedCommand described(const CLI::App& app) {
  CompletedCommand command{app.get_name(), app.get_description(), {}, {}};
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
  return command;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<CompletedCommand> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back(described(*command));
  if (shell == "zsh") return zsh_completion(commands);
  return shell == "fish" ? fish_completion(commands) : bash_completion(commands);
}

}  // namespace slm::runtime
