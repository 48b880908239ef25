#include "graph/engine/admissions.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace slm::engine {

bool Admissions::put(Request&& request, Engine::Callback&& callback, Slot&& slot, Clock::time_point now) {
  const std::lock_guard lock{mutex_};
  arriving_.emplace_back(std::move(request), std::move(callback), std::move(slot), now);
  return !std::exchange(is_called_, true);
}

Admissions::Share Admissions::take() {
  Share share{};
  const std::lock_guard lock{mutex_};
  if (left_ == leaving_.size()) {
    leaving_.clear();
    left_ = 0;
    leaving_.swap(arriving_);
  }
  const auto waiting = leaving_.size() - left_;
  const auto count = std::min(waiting, std::clamp<std::size_t>(waiting / (2 * threads_), 1, kLargestShare));
  const auto first = leaving_.begin() + static_cast<std::ptrdiff_t>(left_);
  share.submissions.assign(std::make_move_iterator(first),
                           std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
  left_ += count;
  share.leaves_more = left_ < leaving_.size() || !arriving_.empty();
  is_called_ = share.leaves_more;
  return share;
}

}  // namespace slm::engine
