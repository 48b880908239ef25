#include "models/openai/event_stream.h"

#include <algorithm>

namespace slm::openai {

bool EventStream::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (follows_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
    follows_return_ = false;
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    line_ += bytes.substr(0, end);
    if (line_.size() + data_.size() > kLongestEvent)
      throw BadReply("an event of more than " + std::to_string(kLongestEvent >> 20U) + " MB came");
    bytes.remove_prefix(end);
    if (bytes.empty()) return true;
    follows_return_ = bytes.front() == '\r';
    bytes.remove_prefix(1);
    const std::string line = std::move(line_);
    line_.clear();
    if (!take_line(line)) return false;
  }
  return true;
}

bool EventStream::take_line(std::string_view line) {
  if (line.empty()) {
    const bool is_event = has_data_;
    const std::string data = std::move(data_);
    data_.clear();
    has_data_ = false;
    return !is_event || see_(data);
  }
  if (!line.starts_with("data")) return true;
  line.remove_prefix(4);
  if (!line.empty() && line.front() != ':') return true;  // a field whose name only begins so
  if (line.starts_with(':')) line.remove_prefix(1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (has_data_) data_ += '\n';
  data_ += line;
  has_data_ = true;
  return true;
}

}  // namespace slm::openai
