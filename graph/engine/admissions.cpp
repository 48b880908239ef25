#include "graph/engine/admissions.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace slm::engine {

bool Admissions::put(Request&& request, Engine::Callback&& callback, Slot&& slot, Clock::time_point now) {
  const std::lock_guard lock{mutex_};
  auto& lane = lanes_.at(static_cast<std::size_t>(request.priority));
  lane.arriving.emplace_back(std::move(request), std::move(callback), std::move(slot), now);
  return !std::exchange(is_called_, true);
}

Admissions::Share Admissions::take() {
  Share share{};
  const std::lock_guard lock{mutex_};
  auto& [interactive, batch] = lanes_;
  auto& [arriving, leaving, left] = interactive.is_empty() ? batch : interactive;
  if (left == leaving.size()) {
    leaving.clear();
    left = 0;
    leaving.swap(arriving);
  }
  const auto waiting = leaving.size() - left;
  const auto count = std::min(waiting, std::clamp<std::size_t>(waiting / (2 * threads_), 1, kLargestShare));
  const auto first = leaving.begin() + static_cast<std::ptrdiff_t>(left);
  share.submissions.assign(std::make_move_iterator(first),
                           std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
  left += count;
  share.leaves_more = !interactive.is_empty() || !batch.is_empty();
  is_called_ = share.leaves_more;
  return share;
}

}  // namespace slm::engine
