#include "nodes/link/write_ahead_log.h"

#include <fstream>
#include <span>
#include <vector>

namespace slm::link {
namespace {

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
constexpr std::size_t kLogHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kLargestPageBytes = 65536;

using Bytes = std::span<const unsigned char>;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (const auto byte : bytes.subspan(at, 4)) number = number << 8U | byte;
  return number;
}

std::uint32_t little_endian(Bytes bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i > 0; --i) number = number << 8U | bytes[at + i - 1];
  return number;
}

/// The running checksum of the log so far.
class Checksum {
 public:
  explicit Checksum(bool is_big_endian) : is_big_endian_{is_big_endian} {}

  /// A multiple of 8 bytes.
  void add(Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  bool is(std::uint32_t first, std::uint32_t second) const { return first == first_ && second == second_; }

 private:
  std::uint32_t word(Bytes bytes, std::size_t at) const {
    return is_big_endian_ ? big_endian(bytes, at) : little_endian(bytes, at);
  }

  bool is_big_endian_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

bool read(std::ifstream& stream, std::vector<unsigned char>& bytes) {
  return static_cast<bool>(
      stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())));
}

}  // namespace

std::uint64_t unreadable_commits(const std::filesystem::path& log) {
  std::ifstream stream{log, std::ios::binary};
  std::vector<unsigned char> header(kLogHeaderBytes);
  if (!stream || !read(stream, header)) return 0;
  Checksum checksum{(header[3] & 1U) != 0};
  checksum.add(Bytes{header}.first(kLogHeaderBytes - 8));
  const auto page_bytes = big_endian(header, 8);
  bool is_readable = checksum.is(big_endian(header, 24), big_endian(header, 28));
  // With such a header nothing can be told of what follows.
  if (!is_readable && (page_bytes < 512 || page_bytes > kLargestPageBytes || page_bytes % 512 != 0)) return 1;
  std::vector<unsigned char> frame(kFrameHeaderBytes + page_bytes);
  std::uint64_t unreadable = 0;
  while (read(stream, frame)) {
    const Bytes bytes{frame};
    // Frames of an earlier round of the log come after its end.
    const bool is_of_this_log =
        big_endian(bytes, 8) == big_endian(header, 16) && big_endian(bytes, 12) == big_endian(header, 20);
    if (!is_of_this_log) continue;
    if (is_readable) {
      checksum.add(bytes.first(8));
      checksum.add(bytes.subspan(kFrameHeaderBytes));
      is_readable = checksum.is(big_endian(bytes, 16), big_endian(bytes, 20));
    }
    const bool is_commit = big_endian(bytes, 4) != 0;
    if (!is_readable && is_commit) ++unreadable;
  }
  return unreadable;
}

}  // namespace slm::link
