#include "models/openai/error_text.h"

#include <algorithm>
#include <string_view>

#include "models/output/utf8.h"

namespace slm::openai {

std::string ErrorText::of(std::string reason) const {
  constexpr std::size_t kLongest = 500;
  constexpr std::string_view kHidden = "[the key]";
  if (!key_.empty()) {
    for (std::size_t at = reason.find(key_); at != std::string::npos;
         at = reason.find(key_, at + kHidden.size()))
      reason.replace(at, key_.size(), kHidden);
  }
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; },
      ' ');
  const bool is_cut = reason.size() > kLongest;
  if (is_cut) reason.resize(kLongest);
  return origin_ + ": " + output::valid_utf8(reason) + (is_cut ? "…" : "");
}

}  // namespace slm::openai
