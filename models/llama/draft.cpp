#include "models/llama/draft.h"

#include <algorithm>

namespace slm::llama {

void Draft::follow(llama_token token) {
  if (is_followed_ && next_ < tokens_.size() && tokens_[next_] == token) {
    left_at_ = ++next_;
    if (most_ < tokens_.size()) ++most_;
    return;
  }
  most_ = kCautious;
  if (is_followed_ && left_at_ == next_) {
    // At first it is taken for another word in the place of this one.
    next_ = std::min(next_ + 1, tokens_.size());
    return;
  }
  const auto ahead = std::span(tokens_).subspan(left_at_);
  const auto window = ahead.first(std::min(ahead.size(), kLookAhead));
  const auto found = std::ranges::find(window, token);
  is_followed_ = found != window.end();
  next_ = left_at_;
  if (is_followed_) left_at_ = next_ += static_cast<std::size_t>(found - window.begin()) + 1;
}

std::span<const llama_token> Draft::proposal() const {
  if (!is_followed_) return {};
  const auto ahead = std::span(tokens_).subspan(next_);
  return ahead.first(std::min(ahead.size(), most_));
}

}  // namespace slm::llama
