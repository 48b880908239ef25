#pragma once

#include <cstddef>
#include <string_view>

/// Character classes of ASCII, whatever the locale; any byte may be asked about.
namespace slm::redaction {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_letter_or_digit(char c) {
  return is_letter(c) || is_digit(c);
}
constexpr bool is_word(char c) {
  return is_letter_or_digit(c) || c == '_';
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Whether nothing that belongs to the same word stands before, or at, a position.
constexpr bool begins_word(std::string_view text, std::size_t at) {
  return at == 0 || !is_word(text[at - 1]);
}
constexpr bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || !is_word(text[at]);
}

}  // namespace slm::redaction
