#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace slm::link {

/// Decides which refusals are worth a line in the log: each caller once, and never more than a few in a
/// minute, whoever knocks how often. One thread at a time.
class RefusalLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMostInAMinute = 10;
  static constexpr std::size_t kMostRemembered = 4096;

  /// A line that tells of the refusal of `caller`, or nothing. `what` is the line.
  std::optional<std::string> tell(const std::string& caller, const std::string& what, Clock::time_point now);
  /// The caller has been let in: a later refusal is news.
  void forget(const std::string& caller) { told_.erase(caller); }

 private:
  std::set<std::string> told_;
  Clock::time_point minute_began_{};
  std::size_t told_in_minute_ = 0;
  std::uint64_t untold_ = 0;
};

}  // namespace slm::link
