#pragma once

#include <chrono>

namespace slm::aggregate {

/// Of UTC.
inline std::chrono::sys_seconds utc(int year, unsigned month, unsigned day, int hour, int minute,
                                    int second = 0) {
  return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)} +
         std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

}  // namespace slm::aggregate
