#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/openai/ticket.h"

namespace slm::openai {

/// A call that may wait for hours.
class Waiter : public Ticket {
 public:
  Waiter(Call call, std::uint64_t number, std::function<void()> on_cancel)
      : Ticket(std::move(call), std::move(on_cancel)), number_(number) {}
  std::uint64_t number() const { return number_; }

 private:
  std::uint64_t number_;
};

using WaiterPtr = std::shared_ptr<Waiter>;

/// All calls of a model that have no answer yet. Every function may be called from any thread; calls are
/// answered in those that say so, and without a lock.
class Waiting {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_change` is called, from any thread, when `end_unwanted` should be.
  explicit Waiting(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  WaiterPtr add(Call call);
  /// Answers it, unless it has its answer.
  void settle(const WaiterPtr& waiter, std::variant<Reply, ModelFailure> result);
  /// Answers those whose patience has ended, and says when the next one's does.
  Clock::time_point end_unwanted(Clock::time_point now);
  /// Answers those that a later run may ask again.
  void put_off();
  void fail_all(const std::string& reason);

 private:
  template <class Which>
  std::vector<WaiterPtr> those(const Which& which);

  std::function<void()> on_change_;
  std::mutex mutex_;
  // All guarded by mutex_
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, WaiterPtr> waiters_;
  std::set<std::pair<Clock::time_point, std::uint64_t>> deadlines_;
  std::vector<std::uint64_t> cancelled_;  // some may be answered by now
};

}  // namespace slm::openai
