#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graph/problems.h"

namespace slm::runtime {

/// A value of a YAML text, and where it stands there.
struct YamlValue {
  enum class Kind { null, scalar, alias, list, mapping };

  Kind kind = Kind::null;
  std::string text{};              ///< of a scalar; of an alias, the anchor that it stands for
  std::string tag{};               ///< empty where none is written
  std::string anchor{};            ///< likewise
  std::vector<YamlValue> parts{};  ///< of a list; of a mapping each key and then its value

  bool is_flow = false;     ///< in brackets or braces
  std::size_t begin = 0;    ///< in bytes: where it begins, with its tag and anchor
  std::size_t content = 0;  ///< behind these
  std::size_t end = 0;      ///< the byte after it; `content` where nothing is written at all
  Place place{};

  /// The position of the key in `parts`, or their number where it is not there.
  std::size_t position(std::string_view key) const;

  /// Whether both say the same, wherever and however it is written.
  bool operator==(const YamlValue& other) const;
};

/// The one document of a text. yaml-cpp reads it; `file` names it in messages. Throws `PipelineError`.
YamlValue yaml_tree(const std::string& text, const std::filesystem::path& file);

// What lies between the values of a YAML text.
bool is_blank(char c);
bool is_line_break(char c);
std::size_t line_begin(std::string_view text, std::size_t at);  ///< behind a byte order mark
std::size_t line_end(std::string_view text, std::size_t at);    ///< before the line break
std::size_t skip_blanks(std::string_view text, std::size_t at);
/// Also over lines and comments.
std::size_t skip_space(std::string_view text, std::size_t at);

}  // namespace slm::runtime
