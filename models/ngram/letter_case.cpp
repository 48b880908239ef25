#include "models/ngram/letter_case.h"

namespace slm::ngram {
namespace {

bool between(unsigned value, unsigned low, unsigned high) {
  return value >= low && value <= high;
}

// The simple case folding of Unicode for the letters that stay two bytes long.
unsigned lower_case(unsigned c) {
  if (between(c, 0xC0, 0xDE)) return c == 0xD7 ? c : c + 0x20;
  if (between(c, 0x100, 0x12F) || between(c, 0x132, 0x137) || between(c, 0x14A, 0x177)) return c | 1;
  if (between(c, 0x139, 0x148) || between(c, 0x179, 0x17E)) return c + (c & 1);
  if (c == 0x178) return 0xFF;
  if (between(c, 0x391, 0x3A9)) return c == 0x3A2 ? c : c + 0x20;
  if (between(c, 0x400, 0x40F)) return c + 0x50;
  if (between(c, 0x410, 0x42F)) return c + 0x20;
  return c;
}

}  // namespace

void fold_letter_case(char* bytes, std::size_t size) {
  for (std::size_t i = 0; i + 1 < size; ++i) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const auto next = static_cast<unsigned char>(bytes[i + 1]);
    if ((lead & 0xE0) != 0xC0 || (next & 0xC0) != 0x80) continue;
    const unsigned folded = lower_case((lead & 0x1Fu) << 6 | (next & 0x3Fu));
    bytes[i] = static_cast<char>(0xC0 | folded >> 6);
    bytes[i + 1] = static_cast<char>(0x80 | (folded & 0x3F));
    ++i;
  }
}

}  // namespace slm::ngram
