#include "models/memory_budget.h"

#include <algorithm>
#include <vector>

namespace slm {

void MemoryBudget::set_limit(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  limit_ = bytes;
}

std::uint64_t MemoryBudget::limit() const {
  const std::lock_guard lock{mutex_};
  return limit_;
}

std::uint64_t MemoryBudget::kept() const {
  const std::lock_guard lock{mutex_};
  return kept_;
}

std::shared_ptr<void> MemoryBudget::keep(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  has_room(bytes);
  kept_ += bytes;
  return {nullptr, [budget = shared_from_this(), bytes](void*) {
            const std::lock_guard relock{budget->mutex_};
            budget->kept_ -= bytes;
          }};
}

MemoryBudget::Entry MemoryBudget::enter(Tenant& tenant, std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  if (limit_ > 0 && kept_ + bytes > limit_) {
    std::erase(line_, &tenant);
    return Entry::never;
  }
  if (std::ranges::count(line_, &tenant) == 0) line_.push_back(&tenant);
  if (line_.front() != &tenant || !has_room(bytes)) return Entry::wait;
  line_.pop_front();
  rooms_[&tenant] = {bytes};
  return Entry::granted;
}

bool MemoryBudget::has_room(std::uint64_t bytes) {
  std::uint64_t taken = kept_ + bytes;
  std::uint64_t promised = 0;
  std::vector<std::map<Tenant*, Room>::value_type*> others;
  for (auto& one : rooms_) {
    taken += one.second.bytes;
    if (one.second.was_told)
      promised += one.second.bytes;
    else
      others.push_back(&one);
  }
  if (limit_ == 0 || taken <= limit_) return true;
  std::ranges::sort(others, {}, [](const auto* one) { return one->first->last_used(); });
  const auto now = Clock::now();
  for (auto* one : others) {
    if (taken - promised <= limit_) break;
    if (one->first->stays_until() > now) break;  // nor does anyone go who was used later
    one->second.was_told = true;
    promised += one->second.bytes;
    one->first->make_way();
  }
  return false;
}

void MemoryBudget::leave(Tenant& tenant) {
  const std::lock_guard lock{mutex_};
  rooms_.erase(&tenant);
  std::erase(line_, &tenant);
}

}  // namespace slm
