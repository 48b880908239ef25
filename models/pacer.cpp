#include "models/pacer.h"

#include <pthread.h>

#include <algorithm>

namespace slm {

std::optional<ModelFailure> impatience(const Patience& patience) {
  if (patience.cancelled.stop_requested())
    return ModelFailure{ModelFailure::Kind::cancelled, "the request was cancelled"};
  if (std::chrono::steady_clock::now() >= patience.deadline)
    return ModelFailure{ModelFailure::Kind::expired, "the deadline passed before the model was done"};
  return std::nullopt;
}

struct Pacer::Waiting {
  Waiting(Patience wanted, Done then, std::function<void()> on_cancel)
      : patience{std::move(wanted)},
        done{std::move(then)},
        cancelled{patience.cancelled, std::move(on_cancel)} {}

  Patience patience;
  Done done;
  std::stop_callback<std::function<void()>> cancelled;
};

Pacer::Pacer() : thread_{[this] { run(); }} {}

Pacer::~Pacer() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (auto& [due, waiting] : waiters_)
    waiting->done(ModelFailure{ModelFailure::Kind::cancelled, "the model was closed"});
}

void Pacer::wait(std::chrono::nanoseconds time, Patience patience, Done done) {
  const auto due = std::min(Clock::now() + time, patience.deadline);
  // Its stop may come at once, and takes the lock: so it is made before the lock is taken, and let go after.
  auto waiting = std::make_unique<Waiting>(std::move(patience), std::move(done), [this] {
    {
      const std::lock_guard lock{mutex_};
      is_any_cancelled_ = true;
    }
    changed_.notify_all();
  });
  std::unique_ptr<Waiting> refused;
  {
    const std::lock_guard lock{mutex_};
    is_any_cancelled_ |= waiting->patience.cancelled.stop_requested();
    if (waiters_.size() < kMaxWaiting)
      waiters_.emplace(due, std::move(waiting));
    else
      refused = std::move(waiting);
  }
  if (refused) return refused->done(ModelFailure{.reason = "too many others wait for their time"});
  changed_.notify_all();
}

std::vector<std::unique_ptr<Pacer::Waiting>> Pacer::take_due() {
  std::vector<std::unique_ptr<Waiting>> due;
  const auto now = Clock::now();
  for (auto one = waiters_.begin(); one != waiters_.end() && (one->first <= now || is_any_cancelled_);) {
    if (one->first > now && !one->second->patience.cancelled.stop_requested()) {
      ++one;
      continue;
    }
    due.push_back(std::move(one->second));
    one = waiters_.erase(one);
  }
  is_any_cancelled_ = false;
  return due;
}

void Pacer::run() {
  pthread_setname_np(pthread_self(), "slm-pacer");
  std::unique_lock lock{mutex_};
  while (!is_ending_) {
    auto due = take_due();
    if (!due.empty()) {
      lock.unlock();
      for (const auto& waiting : due) waiting->done(impatience(waiting->patience));
      due.clear();
      lock.lock();
      continue;
    }
    if (waiters_.empty())
      changed_.wait(lock);
    else
      changed_.wait_until(lock, waiters_.begin()->first);
  }
}

}  // namespace slm
