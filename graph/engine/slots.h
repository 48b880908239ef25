#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "graph/message.h"

namespace slm::engine {

class Slots;

/// One place among the messages in flight, given back when this goes.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept
      : slots_{std::exchange(other.slots_, nullptr)},
        priority_{other.priority_},
        is_parked_{std::exchange(other.is_parked_, false)} {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(priority_, other.priority_);
    std::swap(is_parked_, other.is_parked_);
    return *this;
  }
  ~Slot();

  explicit operator bool() const { return slots_ != nullptr; }
  /// Gives the place back early; the message is still waited for. Nothing where too many have.
  void park();
  /// Disowns the slot without giving it back.
  void forget() { slots_ = nullptr; }

 private:
  friend class Slots;
  Slot(Slots& slots, Priority priority) : slots_{&slots}, priority_{priority} {}
  /// What giving it back takes from the state of its slots.
  std::uint64_t weight() const;

  Slots* slots_ = nullptr;
  Priority priority_ = Priority::interactive;
  bool is_parked_ = false;
};

/// The bound on messages in flight, and who waits for room or for quiet. Of four or more places batch work
/// leaves a quarter to interactive messages.
///
/// Slots and deliveries share one word, so that a message turns from the one into the other in a single step
/// and "idle" is one comparison. Every function may be called from any thread; the destructor only when idle.
class Slots {
 public:
  explicit Slots(std::size_t bound);

  /// Blocks while all are taken.
  Slot take(Priority priority);
  /// Empty where `take` would block.
  Slot try_take(Priority priority);

  /// A callback begins: gives back `slot` if there is one, and keeps `wait_until_idle` waiting.
  void begin_delivery(Slot slot);
  void end_delivery();

  /// Until no slot is taken and no callback runs.
  void wait_until_idle();

 private:
  friend class Slot;
  // Each counts up to the next.
  static constexpr std::uint64_t kTaken = 1;
  static constexpr std::uint64_t kTakenByBatch = std::uint64_t{1} << 21;
  static constexpr std::uint64_t kDelivering = std::uint64_t{1} << 42;

  static std::uint64_t weight_of(Priority priority) {
    return priority == Priority::batch ? kTaken + kTakenByBatch : kTaken;
  }
  bool has_room(std::uint64_t state, Priority priority) const {
    const std::uint64_t by_batch = state / kTakenByBatch % (kDelivering / kTakenByBatch);
    return state % kTakenByBatch < bound_ &&
           (priority == Priority::interactive || by_batch < bound_ - bound_ / 4);
  }
  bool try_count_one(Priority priority);
  /// Adds `difference`, modulo 2^64, and wakes who waited for that.
  void change(std::uint64_t difference);

  alignas(64) std::atomic<std::uint64_t> state_{0};
  const std::uint64_t bound_;
  std::atomic<std::size_t> parked_{0};
  std::atomic<int> waiting_{0};  ///< threads in `take` and `wait_until_idle`
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable batch_room_;
  std::condition_variable idle_;
};

/// A message that is parked counts as one that is being delivered: it is waited for, and takes no room.
inline std::uint64_t Slot::weight() const {
  return is_parked_ ? Slots::kDelivering : Slots::weight_of(priority_);
}

inline Slot::~Slot() {
  if (!slots_) return;
  if (is_parked_) --slots_->parked_;
  slots_->change(-weight());
}

}  // namespace slm::engine
