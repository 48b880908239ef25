#pragma once

#include <bitset>
#include <chrono>
#include <string_view>

namespace slm::aggregate {

/// Times that come again, in the five fields of cron: minute, hour, day of the month, month, day of the week
/// (0 and 7 are Sunday). A field is `*` or a list of numbers and ranges, each with a step after a `/` if need
/// be; months and days of the week may be names of three letters. Where both kinds of day are restricted, a
/// day needs to match only one of them, as in Vixie's cron.
class CronTimes {
 public:
  static constexpr std::string_view kExpected =
      "the five fields of cron: minute, hour, day of the month, month and day of the week, such as `0 13 * * "
      "sat`";

  /// Throws std::invalid_argument, also for a day that never comes.
  static CronTimes parse(std::string_view text);

  bool has_day(std::chrono::local_days day) const;
  bool has_hour(std::size_t hour) const { return hours_[hour]; }
  bool has_minute(std::size_t minute) const { return minutes_[minute]; }

 private:
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_of_month_;
  std::bitset<13> months_;
  std::bitset<8> days_of_week_;
  bool is_either_day_ = false;  ///< whether one of the two kinds of day is enough
};

}  // namespace slm::aggregate
