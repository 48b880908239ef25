#include "runtime/output/outcome_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>

namespace slm::runtime {

OutcomeWriter::OutcomeWriter(OutcomeSink& output, WriterOptions options)
    : output_{output}, options_{std::move(options)}, thread_{[this] { run(); }} {}

void OutcomeWriter::reserve() {
  const auto try_reserve = [this] {
    auto count = unwritten_.load();
    while (count < options_.window)
      if (unwritten_.compare_exchange_weak(count, count + 1)) return true;
    return false;
  };
  if (try_reserve()) return;
  std::unique_lock lock{mutex_};
  ++waiting_for_room_;
  changed_.wait(lock, try_reserve);
  --waiting_for_room_;
}

void OutcomeWriter::put(ResultPtr result) {
  const std::lock_guard lock{mutex_};
  if (options_.is_ordered) {
    const auto place = static_cast<std::size_t>(result->sequence - next_);
    if (waiting_.size() <= place) waiting_.resize(place + 1);
    waiting_[place] = std::move(result);
  } else {
    waiting_.push_back(std::move(result));
  }
  // Within the lock, since the writer may be gone as soon as the last result has been taken.
  if (waiting_.size() >= wakes_at_) changed_.notify_all();
}

void OutcomeWriter::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    is_finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::vector<ResultPtr> OutcomeWriter::take_ready(std::unique_lock<std::mutex>& lock, bool are_many) {
  // Else every result of a fast model would wake the writer up, which costs more than the model.
  constexpr std::size_t kEnough = 512;
  constexpr auto kPatience = std::chrono::microseconds{500};
  if (are_many && waiting_.size() < kEnough) {
    wakes_at_ = kEnough;
    changed_.wait_for(lock, kPatience, [this] { return waiting_.size() >= wakes_at_ || is_finishing_; });
  }
  wakes_at_ = 1;
  const auto is_ready = [this] { return !waiting_.empty() && waiting_.front(); };
  changed_.wait(lock, [&] { return is_ready() || (is_finishing_ && unwritten_ == 0); });
  wakes_at_ = std::numeric_limits<std::size_t>::max();  // it is awake
  std::vector<ResultPtr> ready;
  ready.reserve(waiting_.size());
  for (; is_ready(); ++next_) {
    ready.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return ready;
}

void OutcomeWriter::run() {
  pthread_setname_np(pthread_self(), "slm-writer");
  bool are_many = false;
  for (;;) {
    std::vector<ResultPtr> ready;
    {
      std::unique_lock lock{mutex_};
      ready = take_ready(lock, are_many);
    }
    if (ready.empty()) return;
    const auto count = ready.size();
    are_many = count > 1;
    write(std::move(ready));
    unwritten_ -= count;
    if (waiting_for_room_ > 0) {
      const std::lock_guard lock{mutex_};
      changed_.notify_all();
    }
  }
}

void OutcomeWriter::write(std::vector<ResultPtr> ready) {
  const auto keep = [](const ResultPtr& lost) {
    for (const auto& receipt : lost->outcome.receipts) receipt->keep();
  };
  std::erase_if(ready, [&](const ResultPtr& result) {
    const bool is_wanted = options_.is_wanted(*result);
    if (!is_wanted) keep(result);
    return !is_wanted;
  });
  for (const ResultPtr& result : ready) options_.on_result(*result);
  std::size_t taken = 0;
  if (!has_failed_ && !ready.empty()) {
    output_.stage(ready);
    taken = output_.write();
    written_ += taken;
    has_failed_ = !output_.error().empty();
    if (has_failed_) options_.on_failure();
  }
  std::ranges::for_each(std::span{ready}.subspan(taken), keep);
  // What is written need not be kept any more, wherever it was.
}

}  // namespace slm::runtime
