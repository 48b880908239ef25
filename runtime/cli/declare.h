#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "graph/format/duration.h"
#include "graph/format/nearest.h"
#include "nodes/aggregate/amounts.h"
#include "runtime/cli/declared_commands.h"
#include "runtime/input/source.h"

/// How commands declare their options.
namespace slm::runtime {

inline constexpr const char* kJsonDoc = "print one JSON object to standard output";

/// A command whose options fill an `Arguments`, which `execute` is then given, unless it is one of the
/// command's own commands that was called.
template <class Arguments>
struct Declared {
  CLI::App* command;
  std::shared_ptr<Arguments> arguments;
};

template <class Arguments>
Declared<Arguments> declare(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& doc,
                            int (*execute)(const Arguments&)) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(name, doc);
  command->callback([&chosen, command, arguments, execute] {
    if (command->get_subcommands().empty()) chosen = [=] { return execute(*arguments); };
  });
  return {command, arguments};
}

template <class Path>
CLI::Option* add_file(CLI::App* command, const std::string& names, Path& path, const std::string& doc) {
  return command->add_option(names, path, doc)->type_name("FILE");
}

/// An option that takes one of these words.
template <class E>
CLI::Option* add_choice(CLI::App* command, const std::string& names, E& value,
                        const std::vector<std::pair<std::string, E>>& words, const std::string& doc) {
  std::vector<std::string> known;
  std::string type;
  for (const auto& [word, meaning] : words) {
    known.push_back(word);
    type += (type.empty() ? "{" : ",") + word;
  }
  const auto take = [&value, words, known, names](const std::string& found) {
    const auto named = std::ranges::find(words, found, &std::pair<std::string, E>::first);
    if (named == words.end())
      throw CLI::ValidationError(names + ": `" + found + "` is not among " + listed(known) +
                                 did_you_mean(found, known));
    value = named->second;
  };
  return command->add_option_function<std::string>(names, take, doc)->type_name(type + "}");
}

/// An option that takes a number from `low` to `high`.
template <class Number>
void add_number(CLI::App* command, const std::string& name, Number& value, Number low, Number high,
                const std::string& doc, const std::string& type = "N") {
  const auto take = [&value, low, high, name](const std::string& text) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high) return;
    std::ostringstream expected;
    expected << (std::is_integral_v<Number> ? "a whole number" : "a number") << " from " << low << " to "
             << high;
    throw CLI::ValidationError(name + ": expected " + expected.str() + ", found `" + text + "`");
  };
  command->add_option_function<std::string>(name, take, doc)->type_name(type);
}

inline void add_duration(CLI::App* command, const std::string& names,
                         std::optional<std::chrono::milliseconds>& value, const std::string& doc) {
  const auto take = [&value, names](const std::string& text) {
    value = parse_duration(text);
    if (!value)
      throw CLI::ValidationError(names + ": expected " + kDurationExpected + ", found `" + text + "`");
  };
  command->add_option_function<std::string>(names, take, doc)->type_name("DURATION");
}

/// Such as `64MiB`.
inline void add_bytes(CLI::App* command, const std::string& names, std::uint64_t& value,
                      const std::string& doc) {
  const auto take = [&value, names](const std::string& text) {
    try {
      value = aggregate::ByteCount::parse(text).bytes;
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(names + ": " + error.what());
    }
  };
  command->add_option_function<std::string>(names, take, doc)->type_name("SIZE");
}

/// `NAME=ADDRESS`, any number of times.
inline void add_addresses(CLI::App* command, const std::string& names,
                          std::map<std::string, std::string>& addresses, const std::string& doc) {
  const auto take = [&addresses, expected = names + ": expected NAME=ADDRESS, found `"](
                        const std::vector<std::string>& given) {
    for (const std::string& text : given) {
      const auto equals = text.find('=');
      if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
        throw CLI::ValidationError(std::string{expected}.append(text).append("`"));
      addresses[text.substr(0, equals)] = text.substr(equals + 1);
    }
  };
  command->add_option_function<std::vector<std::string>>(names, take, doc)->type_name("NAME=ADDRESS");
}

inline void add_format(CLI::App* command, InputFormat& format) {
  add_choice<InputFormat>(command, "-f,--format", format,
                          {{"auto", InputFormat::automatic},
                           {"jsonl", InputFormat::jsonl},
                           {"text", InputFormat::text},
                           {"csv", InputFormat::csv}},
                          "of the input; auto goes by the file's extension, JSON lines on standard input");
}

/// A number between 0 and 1, neither of them included.
template <class Number>
void add_confidence(CLI::App* command, Number& confidence, const std::string& doc) {
  const auto take = [&confidence](const std::string& text) {
    double value = 0;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end || !(value > 0 && value < 1))
      throw CLI::ValidationError("--confidence: expected a number between 0 and 1, found `" + text + "`");
    confidence = value;
  };
  command->add_option_function<std::string>("--confidence", take, doc)->type_name("P");
}

/// Of calibrate, evaluate and tune.
void declare_gate_commands(CLI::App& app, Chosen& chosen);
/// Of models.
void declare_model_commands(CLI::App& app, Chosen& chosen);

}  // namespace slm::runtime
