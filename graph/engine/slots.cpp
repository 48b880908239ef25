#include "graph/engine/slots.h"

#include <algorithm>
#include <thread>

#include "graph/node.h"

namespace slm::engine {
namespace {

constexpr int kYields = 16;

}  // namespace

Slots::Slots(std::size_t bound) : bound_{std::min<std::uint64_t>(bound, kTakenByBatch - 1)} {}

bool Slots::try_count_one(Priority priority) {
  auto state = state_.load(std::memory_order_relaxed);
  do {
    if (!has_room(state, priority)) return false;
  } while (!state_.compare_exchange_weak(state, state + weight_of(priority)));
  return true;
}

Slot Slots::try_take(Priority priority) {
  return try_count_one(priority) ? Slot{*this, priority} : Slot{};
}

Slot Slots::take(Priority priority) {
  // Under load room comes within a few messages' time, much sooner than a thread is put to sleep and woken
  // again.
  for (int attempt = 0; attempt < kYields; ++attempt) {
    if (try_count_one(priority)) return Slot{*this, priority};
    std::this_thread::yield();
  }
  if (!try_count_one(priority)) {
    auto& room = priority == Priority::batch ? batch_room_ : room_;
    std::unique_lock lock{mutex_};
    ++waiting_;
    room.wait(lock, [&] { return try_count_one(priority); });
    --waiting_;
  }
  return Slot{*this, priority};
}

void Slots::change(std::uint64_t difference) {
  const auto state = state_.fetch_add(difference) + difference;
  // Whoever waits has counted itself before its last look at the state, so it is either seen here or sees
  // this.
  if (waiting_.load() == 0) return;
  const std::lock_guard lock{mutex_};
  if (has_room(state, Priority::interactive)) room_.notify_one();
  if (has_room(state, Priority::batch)) batch_room_.notify_one();
  if (state == 0) idle_.notify_all();
}

void Slots::begin_delivery(Slot slot) {
  if (slot.is_parked_) --parked_;
  change(slot ? kDelivering - slot.weight() : kDelivering);
  slot.forget();
}

void Slot::park() {
  if (!slots_ || is_parked_) return;
  if (slots_->parked_.fetch_add(1) >= kMaxParked) {
    --slots_->parked_;
    return;
  }
  const std::uint64_t before = weight();
  is_parked_ = true;
  slots_->change(weight() - before);
}

void Slots::end_delivery() {
  change(-kDelivering);
}

void Slots::wait_until_idle() {
  std::unique_lock lock{mutex_};
  ++waiting_;
  idle_.wait(lock, [this] { return state_.load() == 0; });
  --waiting_;
}

}  // namespace slm::engine

void slm::park(Message& message) {
  if (message.slot != nullptr) message.slot->park();
}
