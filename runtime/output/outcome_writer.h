#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/descriptor.h"
#include "runtime/input/source.h"

namespace slm::runtime {

/// How one item of input ended.
struct Result {
  std::uint64_t sequence = 0;  ///< position in the input, from zero without gaps
  InputItem item;
  Outcome outcome;
};

struct WriterOptions {
  // Behaviour
  bool is_ordered = false;    ///< in the order of the input; else as they end
  std::size_t window = 4096;  ///< items on their way or waiting to be written; `reserve` blocks at this many
  /// Told of every result before it is written, on the writer's thread.
  std::function<void(const Result&)> on_result = [](const Result&) {};
  /// Told once that nothing more can be written, on the writer's thread.
  std::function<void()> on_failure = [] {};
};

/// Writes results as JSON lines on a thread of its own, so that a slow output holds up neither the engine nor
/// a model, and memory stays bounded: who reads input calls `reserve` before each item.
///
/// All that is waiting goes out in one write, so lines appear at once and a fast run costs few system calls.
/// Any thread may call any function, `finish` only one.
class OutcomeWriter {
 public:
  OutcomeWriter(Descriptor output, WriterOptions options);
  ~OutcomeWriter() { finish(); }
  OutcomeWriter(const OutcomeWriter&) = delete;
  OutcomeWriter& operator=(const OutcomeWriter&) = delete;

  /// Waits for room for one more result, which must then be put.
  void reserve();
  void put(Result result);
  /// Waits for every reserved result and until it is written, and ends the thread. Nothing may be reserved
  /// afterwards.
  void finish();

  /// Complete lines that the system took. After `finish`.
  std::uint64_t written() const { return written_; }
  /// Why writing failed, or empty. After `finish`.
  const std::string& error() const { return error_; }

 private:
  void run();
  /// Waits for results to write; none come any more where it gives none.
  std::vector<Result> take_ready(std::unique_lock<std::mutex>& lock);
  /// How many lines the system took whole.
  std::size_t write(const std::string& lines, const std::vector<std::size_t>& ends);

  const Descriptor output_;
  const WriterOptions options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Result> waiting_;  // by sequence; without order, by arrival
  std::uint64_t arrivals_ = 0;
  std::uint64_t next_ = 0;
  std::size_t unwritten_ = 0;
  bool is_finishing_ = false;

  std::uint64_t written_ = 0;  // of the thread until it ends
  std::string error_;          // likewise
  std::thread thread_;
};

}  // namespace slm::runtime
