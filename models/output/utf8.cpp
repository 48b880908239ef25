#include "models/output/utf8.h"

#include <cstddef>

namespace slm::output {
namespace {

struct Sequence {
  std::size_t length;
  bool is_valid;
};

bool in(unsigned char byte, unsigned low, unsigned high) {
  return byte >= low && byte <= high;
}

/// The character, or the maximal part of one, at the front of a text that is not empty (Unicode, table 3-7).
Sequence front(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xBF;  // of the second byte: overlong forms and surrogates are ill-formed
  if (in(first, 0xC2, 0xDF)) {
    length = 2;
  } else if (in(first, 0xE0, 0xEF)) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (in(first, 0xF0, 0xF4)) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || !in(byte(i), low, high)) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Sequence sequence = front(text);
    valid += sequence.is_valid ? text.substr(0, sequence.length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(sequence.length);
  }
  return valid;
}

}  // namespace slm::output
