#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/aggregate/window.h"
#include "nodes/machine.h"

namespace slm::aggregate {

/// Where and when a node finds itself; what is not the machine's own is a test's.
struct Surroundings {
  std::function<void(const std::string&)> log = [](const std::string&) {};
  std::filesystem::path power_supplies = kPowerSupplies;
};

/// The windows of a node, with what they depend on. Looks at the clock that it is given each time, so one
/// that is set forward or back does no harm. One thread at a time.
class Windows {
 public:
  /// Throws std::runtime_error for a file of prices that cannot be read.
  Windows(const std::vector<WindowOptions>& windows, const Surroundings& surroundings);
  ~Windows();

  /// Whether one is open, or there are none.
  bool are_open(std::chrono::system_clock::time_point now);
  /// What they open at, for people: `22:00 Europe/Berlin`. Only while they are closed.
  std::string opening(std::chrono::system_clock::time_point now) const;

 private:
  struct Watched;
  std::vector<Watched> windows_;
  std::filesystem::path power_supplies_;
  // Conditions are looked at once a second.
  std::optional<std::chrono::sys_seconds> looked_;
  bool was_open_ = true;
};

}  // namespace slm::aggregate
