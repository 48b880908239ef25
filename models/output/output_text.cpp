#include "models/output/output_text.h"

#include <algorithm>

#include "models/output/utf8.h"

namespace slm::output {

OutputText::OutputText(std::vector<std::string> stop) : stop_(std::move(stop)) {
  std::erase(stop_, std::string());
  for (const std::string& text : stop_) longest_stop_ = std::max(longest_stop_, text.size());
}

bool OutputText::append(std::string_view piece) {
  const std::size_t before = bytes_.size();
  bytes_ += piece;
  if (longest_stop_ == 0) return false;
  const std::size_t from = before - std::min(before, longest_stop_ - 1);
  std::size_t first = std::string::npos;
  for (const std::string& text : stop_) first = std::min(first, bytes_.find(text, from));
  if (first == std::string::npos) return false;
  bytes_.resize(first);
  return true;
}

std::string OutputText::finish() const {
  return valid_utf8(bytes_);
}

}  // namespace slm::output
