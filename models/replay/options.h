#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace slm {

/// Where replayed answers come from, and how they are given.
struct ReplayOptions {
  enum class Key { text, id };
  enum class Pace { at_once, recorded };

  std::filesystem::path file;
  std::string name;  ///< of the entry in the pipeline
  Pace pace = Pace::at_once;

  // A recording
  std::optional<std::string> model;  ///< whose calls; empty: those of `name`, or of the only model there is
  std::optional<std::string> identity;  ///< needed where models of that name were recorded one after another

  // Other JSON lines; a field may be inside of others: `answers.some-model`
  std::optional<std::string> answer_field;
  std::optional<Key> key;                    ///< empty: `text`, if the lines have it
  std::optional<std::string> latency_field;  ///< milliseconds
  std::optional<std::string> cost_field;

  bool operator==(const ReplayOptions&) const = default;
};

}  // namespace slm
