#pragma once

#include <chrono>
#include <random>

namespace slm {

/// Waits between tries: random between the least and thrice the last one, so that a thousand callers that
/// lost the same server do not come back together ("decorrelated jitter": Brooker 2015, "Exponential Backoff
/// and Jitter"). One thread.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_{least}, most_{most}, last_{least} {}
  std::chrono::milliseconds next();
  void reset() { last_ = least_; }

 private:
  const std::chrono::milliseconds least_;
  const std::chrono::milliseconds most_;
  std::chrono::milliseconds last_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace slm
