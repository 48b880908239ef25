#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <string_view>

namespace slm::openai {

/// Pauses between tries: each is drawn between the shortest and three times the one before, so that clients
/// that failed together do not come back together ("decorrelated jitter": Brooker 2015, "Exponential Backoff
/// and Jitter"). One thread.
class Backoff {
 public:
  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  void reset() { last_ = kShortest; }
  std::chrono::milliseconds next();

  static constexpr std::chrono::milliseconds kShortest{250};
  static constexpr std::chrono::milliseconds kLongest{20'000};

 private:
  std::mt19937_64 random_;
  std::chrono::milliseconds last_ = kShortest;
};

/// How long a `Retry-After` asks to wait: seconds, or a date in one of HTTP's three forms (RFC 9110, 10.2.3
/// and 5.6.7), which is compared with the server's own `Date` if that is one, and else with `now`. Empty
/// where it is neither; never negative.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view retry_after, std::string_view date,
                                                      std::chrono::system_clock::time_point now);

}  // namespace slm::openai
