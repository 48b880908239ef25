#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace slm::ngram {

static_assert(std::endian::native == std::endian::little, "ngram files and hashes are little-endian");

/// What a feature is made of. Part of its hash, and each kind has its own weighting.
enum class FeatureKind : std::uint8_t { word, pair, gram };
inline constexpr std::size_t kFeatureKinds = 3;

/// Stands before the first word and after the last in their pairs.
inline constexpr std::uint64_t kTextStart = 0xA0761D6478BD642F;
inline constexpr std::uint64_t kTextEnd = 0xE7037ED1A0B428DB;

/// Bijective mixing of 64 bits (the finaliser of splitmix64, Steele et al. 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// Hash of `size` bytes, at least one. Eight bytes are read at a time: `bytes[size + 7]` must be readable and
/// initialised, though its value does not matter. Part of the file format.
inline std::uint64_t hash_bytes(FeatureKind kind, const char* bytes, std::size_t size) {
  std::uint64_t hash = (static_cast<std::uint64_t>(kind) << 32 | size) * 0x9E3779B97F4A7C15;
  std::uint64_t chunk;
  for (; size > 8; size -= 8, bytes += 8) {
    std::memcpy(&chunk, bytes, 8);
    hash = mix(hash ^ chunk);
  }
  std::memcpy(&chunk, bytes, 8);
  return mix(hash ^ (chunk << (64 - 8 * size)));
}

/// Hash of two words in this order, from theirs.
inline std::uint64_t hash_pair(std::uint64_t first, std::uint64_t second) {
  return mix(std::rotl(first, 23) * 0x9FB21C651E98DF25 + second);
}

}  // namespace slm::ngram
