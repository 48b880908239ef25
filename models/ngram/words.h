#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/ngram/feature_hash.h"

namespace slm::ngram {

/// Longer runs are cut into pieces of at most this many bytes, at a code point where there is one.
inline constexpr std::size_t kMaxWordBytes = 64;

/// Longest n-gram of characters.
inline constexpr std::size_t kMaxGramCharacters = 8;

/// A word with its letter case folded, between the marks `<` and `>`, which no word contains.
struct Word {
  std::array<char, kMaxWordBytes + 2 + 8> bytes;  ///< eight more, so that hashing can read whole chunks
  std::size_t size;                               ///< with the marks
  std::uint64_t hash;

  std::string_view marked() const { return {bytes.data(), size}; }
};

/// Cuts a text into words: runs of ASCII letters and digits and of UTF-8 sequences other than punctuation.
///
/// Letter case is folded in ASCII, Latin, Greek and Cyrillic (one code point to one). Bytes that are not
/// UTF-8 are taken as letters. Allocates nothing, and its work is linear in the text. What it makes of a text
/// is part of the file format.
class Words {
 public:
  explicit Words(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// Moves to the next word; false at the end of the text.
  bool next(Word& word);

 private:
  void skip_separators();

  const char* at_;
  const char* end_;
};

/// Calls `use(hash)` for each n-gram of `min` to `max` code points of a word with its marks.
template <class Use>
void for_each_gram(const Word& word, std::size_t min, std::size_t max, Use&& use) {
  std::array<std::uint8_t, kMaxWordBytes + 3> starts;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < word.size; ++i) {
    const bool continues = (static_cast<unsigned char>(word.bytes[i]) & 0xC0) == 0x80;
    if (!continues) starts[characters++] = static_cast<std::uint8_t>(i);
  }
  starts[characters] = static_cast<std::uint8_t>(word.size);
  for (std::size_t first = 0; first + min <= characters; ++first) {
    for (std::size_t length = min; length <= max && first + length <= characters; ++length) {
      const std::size_t size = static_cast<std::size_t>(starts[first + length] - starts[first]);
      use(hash_bytes(FeatureKind::gram, word.bytes.data() + starts[first], size));
    }
  }
}

}  // namespace slm::ngram
