#include "nodes/aggregate/time_zone.h"

#include <date/tz.h>

#include <stdexcept>

namespace slm::aggregate {

using std::chrono::local_seconds;
using std::chrono::sys_seconds;

TimeZone TimeZone::parse(std::string_view name) {
  TimeZone zone;
  zone.name_ = name;
  if (name == "UTC") return zone;
  try {
    zone.zone_ = date::locate_zone(zone.name_);
    zone.local({});  // its file is only read now
  } catch (const std::runtime_error&) {
    throw std::invalid_argument("there is no time zone `" + zone.name_ +
                                "` in the system's database; expected " + std::string{kExpected});
  }
  return zone;
}

local_seconds TimeZone::local(sys_seconds moment) const {
  if (zone_ == nullptr) return local_seconds{moment.time_since_epoch()};
  return local_seconds{zone_->to_local(date::sys_seconds{moment.time_since_epoch()}).time_since_epoch()};
}

TimeZone::Moments TimeZone::moments(local_seconds time) const {
  const auto count = time.time_since_epoch();
  if (zone_ == nullptr) return {sys_seconds{count}, sys_seconds{count}};
  const auto info = zone_->get_info(date::local_seconds{count});
  if (info.result == date::local_info::nonexistent) {
    const sys_seconds change{info.first.end.time_since_epoch()};
    return {change, change};
  }
  const sys_seconds first{count - info.first.offset};
  const bool is_ambiguous = info.result == date::local_info::ambiguous;
  return {first, is_ambiguous ? sys_seconds{count - info.second.offset} : first};
}

}  // namespace slm::aggregate
