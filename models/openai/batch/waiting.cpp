#include "models/openai/batch/waiting.h"

namespace slm::openai {

WaiterPtr Waiting::add(Call call) {
  const auto deadline = call.patience.deadline;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++last_;
  }
  auto waiter = std::make_shared<Waiter>(std::move(call), number, [this, number] {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(number);
    }
    on_change_();
  });
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    waiters_.emplace(number, waiter);
    if (deadline != Clock::time_point::max()) {
      deadlines_.emplace(deadline, number);
      is_first = deadlines_.begin()->second == number;
    }
    // Cancelled before it was here to be found.
    if (waiter->call().patience.cancelled.stop_requested()) {
      cancelled_.push_back(number);
      is_first = true;
    }
  }
  if (is_first) on_change_();
  return waiter;
}

void Waiting::settle(const WaiterPtr& waiter, std::variant<Reply, ModelFailure> result) {
  {
    const std::lock_guard lock(mutex_);
    waiters_.erase(waiter->number());
    deadlines_.erase({waiter->call().patience.deadline, waiter->number()});
  }
  waiter->settle(std::move(result));
}

Waiting::Clock::time_point Waiting::end_unwanted(Clock::time_point now) {
  std::vector<WaiterPtr> unwanted;
  auto next = Clock::time_point::max();
  {
    const std::lock_guard lock(mutex_);
    const auto take = [&](std::uint64_t number) {
      const auto found = waiters_.find(number);
      if (found != waiters_.end()) unwanted.push_back(found->second);
    };
    for (const auto number : std::exchange(cancelled_, {})) take(number);
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      take(deadlines_.begin()->second);
      deadlines_.erase(deadlines_.begin());
    }
    if (!deadlines_.empty()) next = deadlines_.begin()->first;
  }
  for (const WaiterPtr& waiter : unwanted)
    if (auto failure = waiter->impatience(now)) settle(waiter, std::move(*failure));
  return next;
}

void Waiting::put_off() {
  for (const WaiterPtr& waiter :
       those([](const Waiter& waiter) { return waiter.call().patience.can_be_put_off; }))
    settle(waiter, ModelFailure{ModelFailure::Kind::put_off, "its batch is left to a later run"});
}

void Waiting::fail_all(const std::string& reason) {
  for (const WaiterPtr& waiter : those([](const Waiter&) { return true; }))
    settle(waiter, ModelFailure{.reason = reason});
}

template <class Which>
std::vector<WaiterPtr> Waiting::those(const Which& which) {
  std::vector<WaiterPtr> taken;
  const std::lock_guard lock(mutex_);
  for (const auto& [number, waiter] : waiters_)
    if (which(*waiter)) taken.push_back(waiter);
  return taken;
}

}  // namespace slm::openai
