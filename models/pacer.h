#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "models/generator.h"

namespace slm {

/// Why an answer is no longer wanted, if so.
std::optional<ModelFailure> impatience(const Patience& patience);

/// Lets what is wanted wait: a replayed answer for the time that it took once, a failed request for its next
/// try. Any thread; has one of its own.
class Pacer {
 public:
  /// Called on the pacer's thread, with a failure where the time was not waited for.
  using Done = std::function<void(std::optional<ModelFailure>)>;

  /// More than these fail at once.
  static constexpr std::size_t kMaxWaiting = std::size_t{1} << 20U;

  Pacer();
  /// Ends what waits `cancelled`.
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  /// Waits until then, the deadline or the cancellation, whichever comes first.
  void wait(std::chrono::nanoseconds time, Patience patience, Done done);

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting;
  using Waiters = std::multimap<Clock::time_point, std::unique_ptr<Waiting>>;

  void run();
  std::vector<std::unique_ptr<Waiting>> take_due();

  std::mutex mutex_;
  std::condition_variable changed_;
  Waiters waiters_;  // guarded by mutex_, as are the next two
  bool is_any_cancelled_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace slm
