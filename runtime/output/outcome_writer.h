#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/output/outcome_sink.h"

namespace slm::runtime {

struct WriterOptions {
  // Behaviour
  bool is_ordered = false;    ///< in the order of the input; else as they end
  std::size_t window = 4096;  ///< items on their way or waiting to be written; `reserve` blocks at this many
  /// Whether a result is to be written; asked on the writer's thread. Others leave no trace.
  std::function<bool(const Result&)> is_wanted = [](const Result&) { return true; };
  /// Told of every wanted result before it is written, on the writer's thread.
  std::function<void(const Result&)> on_result = [](const Result&) {};
  /// Told once that nothing more can be written, on the writer's thread.
  std::function<void()> on_failure = [] {};
};

/// Writes results on a thread of its own, so that a slow output holds up neither the engine nor
/// a model, and memory stays bounded: who reads input calls `reserve` before each item.
///
/// All that is waiting goes out in one write, so lines appear at once and a fast run costs few system calls.
/// Any thread may call any function, `finish` only one.
class OutcomeWriter {
 public:
  OutcomeWriter(OutcomeSink& output, WriterOptions options);
  ~OutcomeWriter() { finish(); }
  OutcomeWriter(const OutcomeWriter&) = delete;
  OutcomeWriter& operator=(const OutcomeWriter&) = delete;

  /// Waits for room for one more result, which must then be put.
  void reserve();
  void put(ResultPtr result);
  /// Waits for every reserved result and until it is written, and ends the thread. Nothing may be reserved
  /// afterwards.
  void finish();

  /// How many outcomes the output took whole. After `finish`.
  std::uint64_t written() const { return written_; }

 private:
  void run();
  /// Waits for results to write; none come any more where it gives none. Of many that come fast it waits for
  /// some more.
  std::vector<ResultPtr> take_ready(std::unique_lock<std::mutex>& lock, bool are_many);
  void write(std::vector<ResultPtr> ready);

  OutcomeSink& output_;
  const WriterOptions options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Those that came, in their order; where outcomes are ordered, by sequence from `next_`, with gaps.
  std::deque<ResultPtr> waiting_;
  std::uint64_t next_ = 0;
  bool is_finishing_ = false;
  std::atomic<std::size_t> unwritten_{0};
  std::atomic<int> waiting_for_room_{0};
  std::size_t wakes_at_ = 1;  // so many waiting wake the writer up

  std::uint64_t written_ = 0;  // of the thread until it ends
  bool has_failed_ = false;    // likewise
  std::thread thread_;
};

}  // namespace slm::runtime
