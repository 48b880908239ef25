#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/message.h"
#include "nodes/redaction/json_pieces.h"

/// Placeholders such as `[EMAIL_1]`: in brackets a word, of a name and a number.
namespace slm::redaction {

/// The one spelling of a word that may be spelt in several ways: in capital letters, with an underscore
/// between its parts, where models write blanks, hyphens and backslashes too.
std::string canonical(std::string_view word);

/// What stands in the brackets that open at `bracket`; empty where it cannot be a word.
std::string_view bracketed(std::string_view text, std::size_t bracket);

/// The word of a placeholder of ours.
constexpr std::string_view inner(std::string_view placeholder) {
  return placeholder.substr(1, placeholder.size() - 2);
}

/// Finds placeholders as a model may have written them: in brackets in any case and spelling, and without
/// brackets as a word of its own, spelt as ours. Others are none.
class Placeholders {
 public:
  /// The values must outlive it.
  explicit Placeholders(std::span<const KeptValue> values);

  /// The placeholders in a piece of a text, with the values that they stand for.
  std::vector<Replacement> find(std::string_view piece, bool is_whole) const;

 private:
  bool begins_another(std::string_view word) const;

  std::unordered_map<std::string_view, std::string_view> by_word_;
};

}  // namespace slm::redaction
