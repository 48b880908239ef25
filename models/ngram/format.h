#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/ngram/feature_hash.h"

namespace slm::ngram {

/// The file format that docs/ngram-format.md specifies.

inline constexpr std::array<char, 8> kMagic{'S', 'L', 'M', 'N', 'G', 'R', 'A', 'M'};
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kMaxLabels = 4096;  ///< classification keeps one float a label on the stack
inline constexpr std::uint32_t kEmptySlot = 0xFFFFFFFF;
inline constexpr float kLargestValue = 1e6F;  ///< of any weight, so that no sum can overflow

enum class WeightType : std::uint32_t { float32 = 0, int8 = 1 };

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t header_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH64 of all that follows this field
  WeightType weights = WeightType::float32;
  std::uint32_t labels = 0;
  std::uint32_t rows = 0;
  std::uint32_t slots = 0;  ///< a power of two, more than rows
  std::uint32_t label_bytes = 0;
  std::uint32_t word_ngrams = 0;          ///< 1 or 2
  std::uint32_t min_gram_characters = 0;  ///< both 0: no n-grams of characters
  std::uint32_t max_gram_characters = 0;
  float inverse_temperature = 1;
  std::array<float, kFeatureKinds> unknown_mass{};  ///< what a feature without a row adds to the text's mass
  std::array<std::uint32_t, 12> reserved{};         ///< zero
};
static_assert(sizeof(Header) == 128);

inline constexpr std::size_t kChecksumBegin = offsetof(Header, checksum) + sizeof(Header::checksum);
inline constexpr std::size_t kSectionAlignment = 64;

/// One place of the hash table. A feature is looked for from slot `hash >> (64 - log2 slots)` onwards,
/// wrapping around, until its fingerprint or an empty slot.
struct Slot {
  std::uint32_t fingerprint = 0;  ///< low half of the feature's hash
  std::uint32_t row = kEmptySlot;
};
static_assert(sizeof(Slot) == 8);

/// What a row begins with; its weights follow, one a label, then zeros up to a multiple of `kRowLabels`.
struct RowHead {
  float mass = 0;
  float scale = 1;  ///< weights of this row are to be multiplied by it
};
static_assert(sizeof(RowHead) == 8);

inline constexpr std::size_t kRowLabels = 8;

/// Where the sections of a file begin and how long they are, from the counts in its header.
struct Layout {
  std::size_t row_labels = 0;  ///< labels with their padding
  std::size_t row_bytes = 0;
  std::size_t labels_begin = 0;
  std::size_t bias_begin = 0;
  std::size_t slots_begin = 0;
  std::size_t rows_begin = 0;
  std::size_t file_bytes = 0;
};

/// Cannot overflow, whatever the header holds.
Layout layout_of(const Header& header);

}  // namespace slm::ngram
