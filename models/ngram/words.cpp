#include "models/ngram/words.h"

#include <algorithm>

#include "models/ngram/letter_case.h"

namespace slm::ngram {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// ASCII letters in lower case and digits; zero for what separates words. Bytes above ASCII stand for
// themselves.
constexpr std::array<char, 256> kFolded = [] {
  std::array<char, 256> folded{};
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const bool is_upper = i >= 'A' && i <= 'Z';
    const bool is_kept = (i >= 'a' && i <= 'z') || (i >= '0' && i <= '9') || i >= 0x80;
    if (is_upper || is_kept) folded[i] = static_cast<char>(is_upper ? i + ('a' - 'A') : i);
  }
  return folded;
}();

// Bytes of the separator that the text begins with; 0 where it begins with a letter.
std::size_t separator_bytes(const char* at, const char* end) {
  const auto lead = static_cast<unsigned char>(*at);
  if (lead < 0x80) return kFolded[lead] == 0 ? 1 : 0;
  if (lead == 0xC2 && end - at >= 2 && is_continuation(at[1]))
    return 2;  // U+0080..U+00BF: no-break space, «, ¿
  if (end - at < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
  const auto second = static_cast<unsigned char>(at[1]);
  if (lead == 0xE2 && second <= 0x81) return 3;   // U+2000..U+207F: dashes, quotes, ellipsis
  return lead == 0xE3 && second == 0x80 ? 3 : 0;  // U+3000..U+303F: ideographic punctuation
}

// Takes back the beginning of a code point that the cut would split. Bytes that are no UTF-8 are cut
// anywhere.
std::size_t whole_characters(const char* bytes, std::size_t size) {
  std::size_t begin = size;
  while (begin > 0 && size - begin < 3 && is_continuation(bytes[begin])) --begin;
  return begin == 0 || is_continuation(bytes[begin]) ? size : begin;
}

}  // namespace

void Words::skip_separators() {
  while (at_ != end_) {
    const std::size_t bytes = separator_bytes(at_, end_);
    if (bytes == 0) return;
    at_ += bytes;
  }
}

bool Words::next(Word& word) {
  skip_separators();
  if (at_ == end_) return false;
  char* const out = word.bytes.data() + 1;
  const std::size_t limit = std::min<std::size_t>(kMaxWordBytes, static_cast<std::size_t>(end_ - at_));
  std::size_t size = 0;
  bool is_ascii = true;
  for (; size < limit; ++size) {
    const char folded = kFolded[static_cast<unsigned char>(at_[size])];
    if (folded == 0) break;
    if (static_cast<signed char>(folded) < 0) {
      is_ascii = false;
      if (separator_bytes(at_ + size, end_) != 0) break;
    }
    out[size] = folded;
  }
  const bool is_cut = size == kMaxWordBytes && at_ + size != end_;
  if (is_cut) size = whole_characters(at_, size);
  at_ += size;
  if (!is_ascii) fold_letter_case(out, size);
  word.bytes[0] = '<';
  out[size] = '>';
  std::fill_n(out + size + 1, 8, '\0');
  word.size = size + 2;
  word.hash = hash_bytes(FeatureKind::word, word.bytes.data(), word.size);
  return true;
}

}  // namespace slm::ngram
