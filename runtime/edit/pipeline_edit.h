#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/edit/yaml_tree.h"

namespace slm::runtime {

/// The keys that lead to a value: `{"nodes", "draft_gate", "accept", "at_least"}`.
using YamlPath = std::vector<std::string>;

/// What a command leaves in the file about what it did: `# slm-graph tune 2026-11-22: accuracy ≥ 0.95 …`.
struct Note {
  std::string command;  ///< `tune`
  std::string date;     ///< `2026-11-22`
  std::string text;
};

/// A pipeline file that is changed where it is asked to be and nowhere else: comments, blanks, quotes, order
/// and line ends stay as the author wrote them.
///
/// After each edit the text is read again and compared with what was meant. Where they differ, or where an
/// edit would change more than one place, the edit throws `PipelineError` with the place and what to do, and
/// nothing has changed. A value behind an anchor that an alias uses is such a case. One thread at a time.
class PipelineEdit {
 public:
  /// Reads the file; throws `PipelineError`.
  explicit PipelineEdit(std::filesystem::path file);
  /// As if the file held this text.
  PipelineEdit(std::filesystem::path file, std::string text);

  /// Writes a value, and the mappings and the key that lead to it where they are not there. New keys come
  /// last. Numbers are written as the shortest text that reads as the same number; they are finite.
  void set(const YamlPath& path, double value);
  void set(const YamlPath& path, std::string_view value);

  /// Takes a key out of its mapping. The comment behind it stays, comments within its value do not.
  void erase(const YamlPath& path);

  /// Leaves a comment in a line of its own above the key, or above the nearest around it that begins a line.
  /// It replaces the one that the same command left there before, and no other comment.
  void note(const YamlPath& path, const Note& note);

  const std::string& text() const { return text_; }

  /// Puts the text in the file's place at once, keeping its mode; a link goes on leading to the file. Throws
  /// `PipelineError` where another has changed the file since it was read, and `std::system_error`.
  void write();

 private:
  struct Splice;
  struct Spot;

  [[noreturn]] void refuse(Place place, std::string message) const;
  void check_own(const YamlValue& value, const std::string& name) const;
  /// Follows the path in `tree` as far as it goes.
  Spot find(YamlValue& tree, std::span<const std::string> path) const;
  std::vector<Splice> added(const YamlValue& mapping, const std::string& entry) const;
  std::vector<Splice> erased(const YamlValue& mapping, std::size_t key) const;
  std::string line_break_at(std::size_t at) const;
  void set_written(const YamlPath& path, const std::string& value, const std::string& written);
  /// Makes the edit, and keeps it if the text then says what was meant.
  void change(std::vector<Splice> splices, const YamlValue& meant, Place place);

  std::filesystem::path file_;
  std::string found_;  ///< what the file held
  std::string text_;
  YamlValue tree_;
};

}  // namespace slm::runtime
