#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace slm::runtime {

/// What the parsed command line asks for; empty until it is parsed.
using Chosen = std::function<int()>;

/// Declares every command with its options. Parsing sets `chosen`, which must outlive `app`.
void declare_commands(CLI::App& app, Chosen& chosen);

/// The script that makes a shell complete the app's commands, options and their values. `shell` is `bash`,
/// `zsh` or `fish`.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace slm::runtime
