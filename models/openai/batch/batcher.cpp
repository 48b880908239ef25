#include "models/openai/batch/batcher.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "models/model.h"
#include "models/openai/batch/courier.h"

namespace slm::openai {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();
/// A connection that was about to be made when it was given up is closed a little later.
constexpr std::chrono::milliseconds kAbortAgain{20};

/// A wait for ever is a wait of its own: the largest time overflows in some libraries.
template <class Condition>
void wait(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, Clock::time_point until,
          const Condition& condition) {
  if (until == kNever) {
    changed.wait(lock, condition);
  } else {
    changed.wait_until(lock, until, condition);
  }
}

}  // namespace

class Batcher::State {
 public:
  State(const OpenAiOptions& options, const BatchOptions& batches, BatchSurroundings surroundings)
      : leaving_(std::move(surroundings.leaving)),
        waiting_([this] { look_again(); }),
        courier_(options, batches, std::move(surroundings.log), waiting_),
        on_leaving_(leaving_, [this] {
          courier_.leave();
          look_again();
        }) {}

  void submit(Call call) {
    std::string body = std::exchange(call.body, {});
    WaiterPtr waiter = waiting_.add(std::move(call));
    {
      const std::lock_guard lock(mutex_);
      arrivals_.push_back({std::move(body), std::move(waiter)});
      is_changed_ = is_changed_ || leaving_.stop_requested();
    }
    arrived_.notify_one();
    if (leaving_.stop_requested()) changed_.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
      is_changed_ = true;
    }
    arrived_.notify_one();
    changed_.notify_one();
  }

  /// The thread that talks to the server.
  void work() {
    pthread_setname_np(pthread_self(), "slm-batch");
    block_sigpipe();
    Clock::time_point next = kNever;
    while (true) {
      std::vector<Arrival> arrivals;
      {
        std::unique_lock lock(mutex_);
        wait(arrived_, lock, next, [this] { return is_stopped_ || !arrivals_.empty(); });
        if (is_stopped_) break;
        arrivals.swap(arrivals_);
      }
      for (Arrival& arrival : arrivals) courier_.take(std::move(arrival));
      next = courier_.work();
    }
    {
      const std::lock_guard lock(mutex_);
      is_work_ended_ = true;
      is_changed_ = true;
    }
    changed_.notify_one();
  }

  /// The thread that answers what is no longer wanted.
  void watch() {
    pthread_setname_np(pthread_self(), "slm-batch-time");
    std::unique_lock lock(mutex_);
    while (true) {
      is_changed_ = false;
      const bool is_stopped = is_stopped_, is_work_ended = is_work_ended_;
      lock.unlock();
      Clock::time_point next = waiting_.end_unwanted(Clock::now());
      if (is_stopped) {
        waiting_.fail_all("the model was unloaded");
        if (is_work_ended) return;
        courier_.abort();
        next = Clock::now() + kAbortAgain;
      } else if (leaving_.stop_requested()) {
        waiting_.put_off();
      }
      lock.lock();
      wait(changed_, lock, next, [this] { return is_changed_; });
    }
  }

 private:
  void look_again() {
    {
      const std::lock_guard lock(mutex_);
      is_changed_ = true;
    }
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;  // for the one who works
  std::condition_variable changed_;  // for the one who watches
  // All guarded by mutex_
  std::vector<Arrival> arrivals_;
  bool is_changed_ = false;
  bool is_stopped_ = false;
  bool is_work_ended_ = false;

  const std::stop_token leaving_;
  Waiting waiting_;
  Courier courier_;
  std::stop_callback<std::function<void()>> on_leaving_;
};

Batcher::Batcher(const OpenAiOptions& options, const BatchOptions& batches, BatchSurroundings surroundings)
    : state_(std::make_shared<State>(options, batches, std::move(surroundings))) {
  try {
    // The one who watches waits for the end of the one who works, not the other way round.
    threads_[0] = std::thread([state = state_] { state->work(); });
    threads_[1] = std::thread([state = state_] { state->watch(); });
  } catch (const std::system_error& error) {
    state_->stop();
    if (threads_[0].joinable()) threads_[0].join();
    throw ModelError(std::string("no threads for batches: ") + error.what());
  }
}

Batcher::~Batcher() {
  state_->stop();
  const bool is_own = std::any_of(threads_.begin(), threads_.end(), [](const std::thread& thread) {
    return thread.get_id() == std::this_thread::get_id();
  });
  for (std::thread& thread : threads_) {
    if (is_own) {
      thread.detach();  // we are destroyed by a call's `done`; the threads end by themselves
    } else {
      thread.join();
    }
  }
}

void Batcher::submit(Call call) {
  state_->submit(std::move(call));
}

void Batcher::answer(Call call, std::variant<Reply, ModelFailure> result) {
  call.done(std::move(result));
}

}  // namespace slm::openai
