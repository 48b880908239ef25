#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "runtime/terminal.h"

namespace slm::runtime {

/// How far a piece of work has come.
struct ProgressState {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< zero where nobody can know
  bool is_total_estimated = false;
  std::string details = {};  ///< what more there is to say, such as what became of the work
};

/// Words progress: as a bar for a terminal, as plain lines for a log. Tells no time by itself. One thread at
/// a time.
class ProgressText {
 public:
  /// `thing` is what is counted, in the singular.
  ProgressText(std::string thing, Terminal terminal);

  /// The bar as it is now, to be drawn over the one before, with details where there is room for them.
  std::string bar(const ProgressState& state, std::chrono::nanoseconds elapsed) const;
  /// A line, at every tenth of the work and at least every minute; empty where it is too early for another.
  std::optional<std::string> line(const ProgressState& state, std::chrono::nanoseconds elapsed);
  /// The line at any time.
  std::string told(const ProgressState& state, std::chrono::nanoseconds elapsed) const;
  /// The closing line.
  std::string last_line(const ProgressState& state, std::chrono::nanoseconds elapsed) const;

 private:
  std::string figures(const ProgressState& state, std::chrono::nanoseconds elapsed) const;

  std::string thing_;
  Terminal terminal_;
  std::uint64_t tenths_told_ = 0;
  std::chrono::nanoseconds told_at_{};
};

/// Shows progress on standard error while it lives, from a thread of its own, and a line of it to whoever
/// asks by SIGUSR1, as `heed_questions` makes possible.
class Progress {
 public:
  /// `state` is called on that thread. A quiet one shows nothing, notes and answers apart.
  Progress(std::string thing, std::function<ProgressState()> state, bool is_quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Writes a line of its own above the bar. Any thread.
  void note(const std::string& text);

 private:
  void run();
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - start_; }
  void write_line(const std::string& text);  // with mutex_ held
  void show(bool is_last);

  const Terminal terminal_;
  ProgressText text_;
  std::function<ProgressState()> state_;
  const bool is_quiet_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace slm::runtime
