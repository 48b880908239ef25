#include "runtime/checkpoint/places.h"

#include <algorithm>

namespace slm::runtime {

void Places::begin(const InputPosition& item) {
  const std::lock_guard lock{mutex_};
  items_.push_back({item, early_.erase(item.number) > 0});
}

Places::Item* Places::find(std::uint64_t number) {
  if (items_.empty() || number < items_.front().position.number) return nullptr;
  // Where the run is of one shard of many, numbers have gaps.
  const auto dense = number - items_.front().position.number;
  if (dense < items_.size() && items_[dense].position.number == number) return &items_[dense];
  const auto item =
      std::ranges::lower_bound(items_, number, {}, [](const Item& of) { return of.position.number; });
  return item != items_.end() && item->position.number == number ? &*item : nullptr;
}

InputPosition Places::end(std::span<const std::uint64_t> numbers) {
  const std::lock_guard lock{mutex_};
  for (const auto number : numbers) {
    if (Item* item = find(number))
      item->is_done = true;
    else if (number != kNoNumber)
      early_.insert(number);
  }
  while (items_.size() > 1 && items_.front().is_done) items_.pop_front();
  return items_.empty() ? start_ : items_.front().position;
}

std::vector<std::uint64_t> Places::done() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::uint64_t> numbers;
  for (const Item& item : items_)
    if (item.is_done) numbers.push_back(item.position.number);
  numbers.insert(numbers.end(), early_.begin(), early_.end());
  return numbers;
}

}  // namespace slm::runtime
