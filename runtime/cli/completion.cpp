#include "runtime/cli/completion.h"

namespace slm::runtime {
namespace {

using Kind = CompletedValue::Kind;

template <class Items, class Text>
std::string joined(const Items& items, std::string_view between, Text text_of) {
  std::string text;
  for (const auto& item : items) text.append(text.empty() ? "" : between).append(text_of(item));
  return text;
}

std::string words(const std::vector<std::string>& items) {
  return joined(items, " ", [](const std::string& item) { return item; });
}

/// Of a command's own commands; of the program's where it is empty.
std::vector<std::string> names(const std::vector<CompletedCommand>& commands, const std::string& parent) {
  std::vector<std::string> own;
  for (const auto& command : commands)
    if (command.parent == parent) own.push_back(command.name.substr(parent.empty() ? 0 : parent.size() + 1));
  return own;
}

/// Text inside single quotes, as every shell of the three reads it.
std::string quoted(std::string_view text) {
  std::string result{"'"};
  for (const char c : text) result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result.append("'");
}

std::string bash_reply(const CompletedValue& value) {
  if (value.kind == Kind::file) return "COMPREPLY=($(compgen -f -- \"$word\"))";
  std::string text = "COMPREPLY=($(compgen -W ";
  return text.append(quoted(words(value.choices))).append(" -- \"$word\"))");
}

std::string zsh_value(const CompletedValue& value) {
  if (value.kind == Kind::none) return "";
  if (value.kind == Kind::file) return ":file:_files";
  std::string text = ":value:(";
  return text.append(words(value.choices)).append(")");
}

/// The text of an _arguments description, where these four have a meaning.
std::string zsh_doc(std::string_view doc) {
  std::string text;
  for (const char c : doc) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

std::string fish_value(const CompletedValue& value) {
  if (value.kind == Kind::none) return "";
  if (value.kind == Kind::file) return " -r -F";
  std::string text = " -x";
  if (!value.choices.empty()) text.append(" -a ").append(quoted(words(value.choices)));
  return text;
}

}  // namespace

std::string bash_completion(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "# bash completion of slm-graph\n"
      "_slm_graph() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W " +
      quoted(words(names(commands, "")) + " --help --version") +
      " -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  local own=\"$command ${COMP_WORDS[2]}\"\n";
  for (const auto& command : commands)
    if (!command.parent.empty())
      text.append("  if ((COMP_CWORD > 2)) && [[ $own == ")
          .append(quoted(command.name))
          .append(" ]]; then command=$own; fi\n");
  text += "  case $command:$before in\n";
  for (const auto& command : commands)
    for (const auto& option : command.options) {
      if (option.value.kind == Kind::none) continue;
      const auto cases =
          joined(option.names, "|", [&](const auto& name) { return quoted(command.name + ":" + name); });
      text.append("    ").append(cases).append(") ").append(bash_reply(option.value)).append("; return ;;\n");
    }
  text += "  esac\n  case $command in\n";
  for (const auto& command : commands) {
    const auto options = joined(command.options, " ", [](const auto& option) { return option.names.back(); });
    text.append("    ")
        .append(quoted(command.name))
        .append(")\n      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W ");
    text.append(quoted(options)).append(" -- \"$word\"))\n      else ").append(bash_reply(command.arguments));
    const auto own = names(commands, command.name);
    if (!own.empty())
      text.append("\n        if ((COMP_CWORD == 2)); then COMPREPLY+=($(compgen -W ")
          .append(quoted(words(own)))
          .append(" -- \"$word\")); fi");
    text.append("\n      fi\n      ;;\n");
  }
  return text + "  esac\n}\ncomplete -o filenames -F _slm_graph slm-graph\n";
}

std::string zsh_completion(const std::vector<CompletedCommand>& commands) {
  std::string text = "#compdef slm-graph\n_slm_graph() {\n  local -a commands=(\n";
  for (const auto& command : commands) {
    if (!command.parent.empty()) continue;
    std::string entry = command.name;
    entry.append(":").append(command.doc);
    text.append("    ").append(quoted(entry)).append("\n");
  }
  text +=
      "  )\n"
      "  if ((CURRENT == 2)); then _describe command commands; return; fi\n"
      "  shift words; ((CURRENT--))\n";
  for (const auto& command : commands)
    if (!command.parent.empty())
      text.append("  if ((CURRENT > 2)) && [[ \"$words[1] $words[2]\" == ")
          .append(quoted(command.name))
          .append(" ]]; then\n    shift words; ((CURRENT--)); words[1]=")
          .append(quoted(command.name))
          .append("\n  fi\n");
  text += "  case $words[1] in\n";
  for (const auto& command : commands) {
    text.append("    ").append(quoted(command.name)).append(")\n      _arguments");
    for (const auto& option : command.options)
      for (const auto& name : option.names) {
        std::string spec = "(";
        spec.append(words(option.names)).append(")").append(name);
        spec.append("[").append(zsh_doc(option.doc)).append("]").append(zsh_value(option.value));
        text.append(" \\\n        ").append(quoted(spec));
      }
    if (const auto own = names(commands, command.name); !own.empty())
      text.append(" \\\n        '1: :_alternative \"commands:command:(")
          .append(words(own))
          .append(")\" \"files:file:_files\"'");
    if (command.arguments.kind != Kind::none)
      text.append(" \\\n        '*").append(zsh_value(command.arguments)).append("'");
    text += "\n      ;;\n";
  }
  text +=
      "  esac\n}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _slm_graph \"$@\"\n"
      "else compdef _slm_graph slm-graph; fi\n";
  return text;
}

std::string fish_completion(const std::vector<CompletedCommand>& commands) {
  std::string text = "# fish completion of slm-graph\ncomplete -c slm-graph -f\n";
  for (const auto& command : commands) {
    const auto word = command.name.substr(command.parent.empty() ? 0 : command.parent.size() + 1);
    const auto seen = [](const std::string& name) { return "__fish_seen_subcommand_from " + name; };
    const auto before =
        command.parent.empty() ? "__fish_use_subcommand" : seen(command.parent) + "; and not " + seen(word);
    text.append("complete -c slm-graph -n ").append(quoted(before)).append(" -a ").append(word);
    text.append(" -d ").append(quoted(command.doc)).append("\n");
    const auto after = command.parent.empty() ? seen(word) : seen(command.parent) + "; and " + seen(word);
    const auto inside = "complete -c slm-graph -n " + quoted(after);
    for (const auto& option : command.options) {
      text += inside;
      for (const auto& name : option.names)
        text.append(name.starts_with("--") ? " -l " : " -s ")
            .append(name.substr(name.find_first_not_of('-')));
      text.append(fish_value(option.value)).append(" -d ").append(quoted(option.doc)).append("\n");
    }
    if (command.arguments.kind == Kind::file)
      text.append(inside).append(" -F\n");
    else if (!command.arguments.choices.empty())
      text.append(inside).append(" -a ").append(quoted(words(command.arguments.choices))).append("\n");
  }
  return text;
}

}  // namespace slm::runtime
