#pragma once

#include <cstdint>

#include "nodes/link/spool.h"

namespace slm::link {

/// A clock that only goes forward, for the age of entries. While the spool is open it follows the steady
/// clock, so that a jump of the machine's clock is not seen. Between two openings it goes on by what the
/// machine's clock did, or stands still where that went back.
class SpoolClock {
 public:
  /// Both clocks at the last commit, in milliseconds since 1970, and now.
  SpoolClock(std::int64_t clock_ms, std::int64_t wall_ms, const SpoolTime& now);

  std::int64_t at(const SpoolTime& now) const;
  /// How far the machine's clock went from where it should be since this was asked last.
  std::chrono::milliseconds jumped(const SpoolTime& now);

 private:
  SpoolTime start_;
  std::int64_t start_ms_;
  std::chrono::milliseconds wall_offset_{};
};

SpoolTime machine_time();
std::int64_t wall_ms(const SpoolTime& time);

}  // namespace slm::link
