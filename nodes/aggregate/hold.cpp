#include "nodes/aggregate/hold.h"

#include <algorithm>

namespace slm::aggregate {
namespace {

/// What a thread that wakes late may catch up of its rate.
constexpr Clock::duration kCatchUp = std::chrono::milliseconds{10};

}  // namespace

Hold::Hold(HoldOptions options)
    : options_{options},
      between_{options.rate ? std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>{1 / options.rate->per_second})
                            : Clock::duration::zero()} {}

void Hold::add(const Item& item) {
  items_.emplace(item.key, item);
  if (item.deadline != Clock::time_point::max()) by_deadline_.insert(urgency(item));
  if (item.was_let_go) {
    let_go_.insert(urgency(item));
  } else {
    gathered_.emplace(item.since, item.key);
    gathered_bytes_ += item.bytes;
  }
}

void Hold::remove(Key key) {
  const auto found = items_.find(key);
  if (found == items_.end()) return;
  const Item& item = found->second;
  by_deadline_.erase(urgency(item));
  batch_.erase(urgency(item));
  let_go_.erase(urgency(item));
  if (gathered_.erase({item.since, key}) > 0) gathered_bytes_ -= item.bytes;
  items_.erase(found);
}

bool Hold::is_due(Clock::time_point now) const {
  if (gathered_.empty()) return false;
  if (is_complete_ || (!options_.max_items && !options_.max_bytes && !options_.max_wait)) return true;
  return (options_.max_items && gathered_.size() >= *options_.max_items) ||
         (options_.max_bytes && gathered_bytes_ >= *options_.max_bytes) ||
         (options_.max_wait && now - gathered_.begin()->first >= *options_.max_wait);
}

Clock::time_point Hold::urgent_at() const {
  if (!options_.urgent_before || by_deadline_.empty()) return Clock::time_point::max();
  return std::get<0>(*by_deadline_.begin()) - *options_.urgent_before;
}

std::optional<Hold::Key> Hold::next_to_go(Clock::time_point now, bool is_open) const {
  const auto key_of = [](const Urgency& urgency) { return std::get<Key>(urgency); };
  if (urgent_at() <= now) return key_of(*by_deadline_.begin());
  if (!let_go_.empty()) return key_of(*let_go_.begin());
  if (is_open && !batch_.empty()) return key_of(*batch_.begin());
  return std::nullopt;
}

Hold::Leaving Hold::leave(Clock::time_point now, bool is_open) {
  Leaving leaving;
  while (!by_deadline_.empty() && std::get<0>(*by_deadline_.begin()) <= now) {
    leaving.expired.push_back(std::get<Key>(*by_deadline_.begin()));
    remove(leaving.expired.back());
  }
  if (is_due(now)) {
    for (const auto& age : gathered_) batch_.insert(urgency(items_.at(age.second)));
    gathered_.clear();
    gathered_bytes_ = 0;
  }
  while (next_slot_ <= now) {
    const auto key = next_to_go(now, is_open);
    if (!key) break;
    remove(*key);
    leaving.released.push_back(*key);
    if (between_ == Clock::duration::zero()) continue;
    const bool is_in_time = now - next_slot_ < std::max(between_, kCatchUp);
    next_slot_ = (is_in_time ? next_slot_ : now) + between_;
  }
  return leaving;
}

Clock::time_point Hold::next(Clock::time_point now, bool is_open) const {
  auto next = Clock::time_point::max();
  if (!by_deadline_.empty()) next = std::get<0>(*by_deadline_.begin());
  if (!gathered_.empty() && options_.max_wait)
    next = std::min(next, gathered_.begin()->first + *options_.max_wait);
  next = std::min(next, std::max(urgent_at(), next_slot_));
  if (next_to_go(now, is_open)) next = std::min(next, std::max(next_slot_, now));
  return next;
}

}  // namespace slm::aggregate
