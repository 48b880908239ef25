#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/fields.h"
#include "nodes/aggregate/cron.h"
#include "nodes/aggregate/hours.h"
#include "nodes/aggregate/time_zone.h"

namespace slm {

/// Numbered as in std::chrono::weekday.
enum class Weekday { sun, mon, tue, wed, thu, fri, sat };
template <>
struct EnumNames<Weekday> {
  static constexpr std::pair<std::string_view, Weekday> names[] = {
      {"mon", Weekday::mon}, {"tue", Weekday::tue}, {"wed", Weekday::wed}, {"thu", Weekday::thu},
      {"fri", Weekday::fri}, {"sat", Weekday::sat}, {"sun", Weekday::sun}};
};

}  // namespace slm

namespace slm::aggregate {

/// What must hold beside the time for a window to be open: all that is set.
struct ConditionOptions {
  std::optional<bool> on_mains;
  std::optional<FilePath> price;
  std::optional<double> at_most;
  static Fields<ConditionOptions> fields();
};

/// When a node may let messages go: `hours` of some or all days, or for so long from times of cron on.
struct WindowOptions {
  std::optional<Hours> hours;
  std::optional<std::vector<Weekday>> days;  ///< on which it begins; empty: all
  std::optional<CronTimes> cron;
  std::optional<std::chrono::milliseconds> open_for;
  std::optional<TimeZone> zone;
  std::optional<ConditionOptions> conditions;
  static Fields<WindowOptions> fields();
};

/// From `begin` until before `end`.
struct Opening {
  std::chrono::sys_seconds begin;
  std::chrono::sys_seconds end;
};

/// The first opening that ends after `now`, by the clock alone; empty where none comes within five years.
///
/// A time that clocks leave out when they are set forward is taken for the moment of the change. Of hours
/// that come twice, a window begins the first time and ends the second time; times of cron come twice with
/// them.
std::optional<Opening> next_opening(const WindowOptions& window, std::chrono::sys_seconds now);

struct WindowProblem {
  std::string what;
  std::optional<Place> place;  ///< empty: that of the node
};
/// What is wrong with a window, price file included; `now` is for windows that never open.
std::vector<WindowProblem> problems_of(const WindowOptions& window, std::chrono::sys_seconds now);

}  // namespace slm::aggregate
