#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slm::runtime {

/// What a shell may complete an argument with.
struct CompletedValue {
  enum class Kind { none, file, choice, other };
  Kind kind = Kind::none;  ///< none: the option is a flag
  std::vector<std::string> choices;
};

struct CompletedOption {
  std::vector<std::string> names;  ///< `-i`, `--input`
  std::string doc;
  CompletedValue value;
};

struct CompletedCommand {
  std::string name;    ///< with that of the command that it is part of: `models quantize`
  std::string parent;  ///< that command; empty where there is none
  std::string doc;
  std::vector<CompletedOption> options;
  CompletedValue arguments;  ///< those without an option
};

std::string bash_completion(const std::vector<CompletedCommand>& commands);
std::string zsh_completion(const std::vector<CompletedCommand>& commands);
std::string fish_completion(const std::vector<CompletedCommand>& commands);

}  // namespace slm::runtime
