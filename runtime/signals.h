#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "runtime/descriptor.h"

namespace slm::runtime {

/// Turns SIGINT, SIGTERM and SIGHUP into calls, while it lives.
///
/// The first signal asks to finish what was begun, the second to give that up; a third ends the process at
/// once, as if nobody had listened. SIGHUP counts once however often it comes, since a terminal that closes
/// sends several, and not at all where it was ignored before, as under nohup. One object at a time, made and
/// stopped by the same thread, before that starts others: they interrupt none of them.
class Signals {
 public:
  /// `on_signal(1)` and `on_signal(2)` are called on a thread of this object.
  explicit Signals(std::function<void(int count)> on_signal);
  ~Signals() { stop(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Listens no more; nothing is called once this returns.
  void stop();
  /// How many came.
  int count() const { return count_; }

 private:
  int next() const;
  void watch();

  std::function<void(int)> on_signal_;
  std::vector<int> numbers_;  // of the signals
  std::atomic<int> count_{0};
  Descriptor arrivals_;  // from handlers
  Descriptor pending_;   // those that no thread is interrupted by
  sigset_t mask_before_{};
  std::thread thread_;
};

/// From here on SIGUSR1 asks how far the work has come, and no longer ends the process. To be called first of
/// all, since whoever asks does not know whether it has begun, or is over.
void heed_questions();
/// Whether somebody has asked since the last call. A question that nobody could answer yet waits. Any thread.
bool take_question();

/// Something that `poll` can wait for: readable, for good, once it is set. Any thread.
class Flag {
 public:
  Flag();
  void set();
  bool is_set() const { return is_set_; }
  int descriptor() const { return read_end_.get(); }

 private:
  Descriptor read_end_;
  Descriptor write_end_;
  std::atomic<bool> is_set_{false};
};

}  // namespace slm::runtime
