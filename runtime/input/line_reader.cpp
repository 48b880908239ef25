#include "runtime/input/line_reader.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace slm::runtime {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

LineReader::LineReader(ByteReader& bytes, std::size_t max_line_bytes)
    : bytes_{bytes}, max_line_bytes_{max_line_bytes}, buffer_(kBufferBytes) {}

bool LineReader::refill() {
  begin_ = 0;
  end_ = bytes_.read(buffer_);
  return end_ > 0;
}

void LineReader::append(Line& line, const char* begin, std::size_t count) const {
  const auto room = max_line_bytes_ - line.text.size();
  line.is_too_long |= count > room;
  line.text.append(begin, std::min(count, room));
}

std::optional<Line> LineReader::next() {
  Line line{.number = line_number_ + 1, .begin = taken_bytes_, .text = {}};
  bool is_complete = false;
  bool has_bytes = false;
  while (!is_complete && (begin_ < end_ || refill())) {
    has_bytes = true;
    const char* start = buffer_.data() + begin_;
    const auto* feed = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
    is_complete = feed != nullptr;
    const auto count = is_complete ? static_cast<std::size_t>(feed - start) : end_ - begin_;
    append(line, start, count);
    begin_ += count + (is_complete ? 1 : 0);
    taken_bytes_ += count + (is_complete ? 1 : 0);
  }
  if (!is_complete && (!has_bytes || bytes_.was_stopped())) return std::nullopt;

  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (line_number_ == 0 && line.text.starts_with(kByteOrderMark)) line.text.erase(0, kByteOrderMark.size());
  if (line.text.ends_with('\r')) line.text.pop_back();
  ++line_number_;
  return line;
}

void LineReader::skip_to(std::uint64_t number, std::uint64_t begin) {
  bytes_.skip_to(begin);
  begin_ = end_ = 0;
  line_number_ = number - 1;
  taken_bytes_ = begin;
}

}  // namespace slm::runtime
