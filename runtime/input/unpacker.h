#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>

namespace slm::runtime {

/// Compressed bytes that are none of their format, or were changed. The message says what is wrong with them.
class DamagedBytes : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Unpacks compressed bytes piece by piece, in bounded memory: members (gzip, RFC 1952) or frames (Zstandard,
/// RFC 8878) one after the other, as the formats allow. One thread.
class Unpacker {
 public:
  struct Step {
    std::size_t taken = 0;  ///< of the compressed bytes
    std::size_t made = 0;
  };

  virtual ~Unpacker() = default;
  /// What it neither takes nor makes anything of needs more bytes. All before a damage is made before it is
  /// thrown. Throws DamagedBytes.
  virtual Step unpack(std::span<const char> packed, std::span<char> unpacked) = 0;
  /// Whether the bytes may end here.
  virtual bool is_whole() const = 0;
};

enum class Packing { none, gzip, zstd, undecided };

/// What the first bytes of a file tell; `undecided` where there are too few of them.
Packing packing_of(std::string_view beginning);

/// Null for what is not packed.
std::unique_ptr<Unpacker> make_unpacker(Packing packing);

}  // namespace slm::runtime
