#include "graph/engine/fast_clock.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

namespace slm::engine {
namespace {

constexpr std::uint64_t kCheckEvery_ns = 1'000'000;

/// One moment on both clocks.
struct Moment {
  std::uint64_t ticks = 0;
  Clock::time_point time;
};

/// Empty when the thread was interrupted between the two readings, so that they do not belong together.
std::optional<Moment> read_both() {
  constexpr std::uint64_t kUninterrupted = 2000;  // ticks, less than a microsecond
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto before = __rdtsc();
    const auto time = Clock::now();
    if (__rdtsc() - before < kUninterrupted) return Moment{before, time};
  }
  return std::nullopt;
}

bool has_even_counter() {
  constexpr unsigned kPowerManagement = 0x80000007;
  constexpr unsigned kInvariant = 1U << 8;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(kPowerManagement, &eax, &ebx, &ecx, &edx) != 0 && (edx & kInvariant) != 0;
}

/// How fast the counter runs, measured once over the first hundredth of a second.
class Rate {
 public:
  bool is_measurable() const { return start_.has_value(); }

  /// Nanoseconds a tick, times 2^32; 0: not known yet. Only where it is measurable.
  std::uint64_t nanoseconds(const Moment& now) {
    const auto known = nanoseconds_.load(std::memory_order_relaxed);
    if (known != 0 || now.time - start_->time < std::chrono::milliseconds{10}) return known;
    const std::chrono::nanoseconds took = now.time - start_->time;
    const auto measured = (static_cast<std::uint64_t>(took.count()) << 32) / (now.ticks - start_->ticks);
    // The first to measure decides, or threads would disagree.
    std::uint64_t unknown = 0;
    return nanoseconds_.compare_exchange_strong(unknown, measured) ? measured : unknown;
  }

 private:
  const std::optional<Moment> start_ = has_even_counter() ? read_both() : std::nullopt;
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

Rate rate;

/// What a thread goes by until its next check.
struct Anchor {
  Moment moment;
  std::uint64_t good_for = 0;  ///< ticks
  std::uint64_t nanoseconds = 0;
  Clock::time_point told;  ///< last
};

constinit thread_local Anchor anchor;

Clock::time_point check() {
  if (!rate.is_measurable()) return Clock::now();
  const auto now = read_both();
  const auto nanoseconds = now ? rate.nanoseconds(*now) : 0;
  if (nanoseconds == 0) return Clock::now();
  anchor.moment = *now;
  anchor.nanoseconds = nanoseconds;
  anchor.good_for = (kCheckEvery_ns << 32) / nanoseconds;
  return now->time;
}

}  // namespace

Clock::time_point FastClock::now() {
  const auto elapsed = __rdtsc() - anchor.moment.ticks;
  const auto time = elapsed < anchor.good_for
                        ? anchor.moment.time + std::chrono::nanoseconds{(elapsed * anchor.nanoseconds) >> 32}
                        : check();
  anchor.told = std::max(anchor.told, time);
  return anchor.told;
}

}  // namespace slm::engine

#else

namespace slm::engine {

Clock::time_point FastClock::now() {
  return Clock::now();
}

}  // namespace slm::engine

#endif
