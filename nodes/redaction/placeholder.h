#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

/// Placeholders such as `[EMAIL_1]`: a name in capital letters and a number.
namespace slm::redaction {

inline std::string in_capitals(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = upper(c);
  return result;
}

/// What stands between the brackets.
inline std::string_view inner(std::string_view placeholder) {
  return placeholder.substr(1, placeholder.size() - 2);
}

/// The name of the word in a placeholder: `EMAIL` of `EMAIL_1`; empty where the word does not end like that.
inline std::string_view name_of(std::string_view word) {
  std::size_t digits = 0;
  while (digits < word.size() && is_digit(word[word.size() - 1 - digits])) ++digits;
  const std::size_t name = word.size() - digits;
  return digits > 0 && name > 1 && word[name - 1] == '_' ? word.substr(0, name - 1) : std::string_view{};
}

inline bool has_brackets(std::string_view text, Span word) {
  return word.begin > 0 && text[word.begin - 1] == '[' && word.end < text.size() && text[word.end] == ']';
}

/// Calls `see` with every whole word of the text that ends like that of a placeholder, in whatever case, with
/// brackets or without.
template <class See>
void each_placeholder_word(std::string_view text, const See& see) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_word(text[at])) continue;
    Span word{at, at};
    while (word.end < text.size() && is_word(text[word.end])) ++word.end;
    if (!name_of(text.substr(word.begin, word.end - word.begin)).empty()) see(word);
    at = word.end;
  }
}

}  // namespace slm::redaction
