#include "graph/engine/fast_clock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace slm::engine {
namespace {

/// As long as it takes to measure the counter and to check against the steady clock many times.
constexpr std::chrono::milliseconds kLong{50};

constexpr std::chrono::microseconds kOff{2};

TEST(FastClock, AgreesWithTheSteadyClock) {
  const auto end = Clock::now() + kLong;
  auto after = Clock::now();
  while (after < end) {
    const auto before = Clock::now();
    const auto fast = FastClock::now();
    after = Clock::now();
    ASSERT_GE(fast, before - kOff);
    ASSERT_LE(fast, after + kOff);
  }
}

TEST(FastClock, NeverGoesBack) {
  const auto end = Clock::now() + kLong;
  auto last = FastClock::now();
  while (last < end) {
    const auto now = FastClock::now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(FastClock, ThreadsAgree) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      const auto end = Clock::now() + kLong;
      while (true) {
        const auto before = Clock::now();
        const auto fast = FastClock::now();
        ASSERT_GE(fast, before - kOff);
        if (fast > end) return;
      }
    });
  }
}

}  // namespace
}  // namespace slm::engine
