#include "graph/format/source_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

#include "graph/problems.h"

namespace slm {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, Place place, const std::string& message) {
  throw PipelineError{{{file, place, message}}};
}

[[noreturn]] void refuse_unread(const std::filesystem::path& file, const std::string& reason) {
  refuse(file, {}, "cannot be read: " + reason + "; expected a pipeline file");
}

/// The bytes of the UTF-8 sequence that a text begins with; 0 where it begins with none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
  if (length == 0 || text.size() < length) return 0;
  char32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return 0;
    code = (code << 6U) | (next & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[length] || code > 0x10FFFF || is_surrogate ? 0 : length;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::string hexadecimal(char c) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0x%02X", static_cast<unsigned char>(c));
  return text.data();
}

Place place_at(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n');
  return {static_cast<int>(line) + 1, static_cast<int>(at - (before.rfind('\n') + 1)) + 1};
}

/// By its byte order mark, or by the zero that every ASCII character has beside it.
bool is_utf16(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv)) return true;
  return text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0');
}

}  // namespace

std::string source_text(const std::filesystem::path& file) {
  if (std::error_code error; std::filesystem::is_directory(file, error))
    refuse_unread(file, "it is a directory");
  errno = 0;
  std::ifstream stream{file, std::ios::binary};
  if (!stream) refuse_unread(file, std::generic_category().message(errno));
  try {
    stream.exceptions(std::ios::badbit);
    return {std::istreambuf_iterator<char>{stream}, {}};
  } catch (const std::ios::failure&) {
    refuse_unread(file, std::generic_category().message(errno));
  }
}

void check_characters(std::string_view text, const std::filesystem::path& file) {
  if (is_utf16(text)) refuse(file, {1, 1}, "it is UTF-16; expected a text in UTF-8");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0)
      refuse(file, place_at(text, at),
             "not UTF-8: the byte " + hexadecimal(text[at]) + "; expected a text in UTF-8");
    if (is_control(text[at]))
      refuse(file, place_at(text, at),
             "the control character " + hexadecimal(text[at]) + "; expected a text without any");
    at += length;
  }
}

}  // namespace slm
