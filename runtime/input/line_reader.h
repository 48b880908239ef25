#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/input/byte_reader.h"

namespace slm::runtime {

/// Longer lines are not kept: they fail, and memory stays bounded whatever the input is.
inline constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

/// A line without its line feed, or carriage return and line feed.
struct Line {
  std::uint64_t number = 0;  ///< from one
  std::uint64_t begin = 0;   ///< unpacked bytes of the file before it
  std::string text;          ///< its beginning only where it is too long
  bool is_too_long = false;
};

/// Splits bytes into lines. A UTF-8 byte order mark at the start is dropped, a last line needs no line feed.
/// A line that is cut off because the reading was stopped is not given. One thread.
class LineReader {
 public:
  explicit LineReader(ByteReader& bytes, std::size_t max_line_bytes = kMaxLineBytes);

  /// Empty at the end. Throws InputError.
  std::optional<Line> next();
  /// Goes on with the line with this number, which begins where an earlier reading found it. Throws
  /// InputError.
  void skip_to(std::uint64_t number, std::uint64_t begin);

 private:
  bool refill();
  void append(Line& line, const char* begin, std::size_t count) const;

  ByteReader& bytes_;
  std::size_t max_line_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t line_number_ = 0;
  std::uint64_t taken_bytes_ = 0;
};

}  // namespace slm::runtime
