#include "nodes/link/spool_clock.h"

#include <algorithm>
#include <utility>

namespace slm::link {
namespace {

std::chrono::milliseconds since(const SpoolTime& start, const SpoolTime& now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - start.steady);
}

}  // namespace

SpoolClock::SpoolClock(std::int64_t clock_ms, std::int64_t last_wall_ms, const SpoolTime& now)
    : start_{now}, start_ms_{clock_ms + std::max<std::int64_t>(0, wall_ms(now) - last_wall_ms)} {}

std::int64_t SpoolClock::at(const SpoolTime& now) const {
  return start_ms_ + since(start_, now).count();
}

std::chrono::milliseconds SpoolClock::jumped(const SpoolTime& now) {
  const auto offset = std::chrono::milliseconds{wall_ms(now) - wall_ms(start_)} - since(start_, now);
  return std::chrono::abs(offset - std::exchange(wall_offset_, offset));
}

SpoolTime machine_time() {
  return {std::chrono::system_clock::now(), std::chrono::steady_clock::now()};
}

std::int64_t wall_ms(const SpoolTime& time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.wall).time_since_epoch().count();
}

}  // namespace slm::link
