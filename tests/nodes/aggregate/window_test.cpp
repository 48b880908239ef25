#include "nodes/aggregate/window.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/nodes/aggregate/moments.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::aggregate {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_seconds;

const sys_seconds kNow = utc(2026, 11, 23, 12, 0);  // a Monday

WindowOptions hours(const std::string& text, const std::string& zone) {
  WindowOptions window;
  window.hours = Hours::parse(text);
  window.zone = TimeZone::parse(zone);
  return window;
}

WindowOptions cron(const std::string& text, std::chrono::milliseconds open_for, const std::string& zone) {
  WindowOptions window;
  window.cron = CronTimes::parse(text);
  window.open_for = open_for;
  window.zone = TimeZone::parse(zone);
  return window;
}

void expect_opening(const WindowOptions& window, sys_seconds now, sys_seconds begin, sys_seconds end) {
  const auto opening = next_opening(window, now);
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->begin.time_since_epoch().count(), begin.time_since_epoch().count());
  EXPECT_EQ(opening->end.time_since_epoch().count(), end.time_since_epoch().count());
}

TEST(Window, GoesByTheClocksOfItsZone) {
  const auto window = hours("22:00-06:00", "Europe/Berlin");
  expect_opening(window, kNow, utc(2026, 11, 23, 21, 0), utc(2026, 11, 24, 5, 0));
  expect_opening(window, utc(2026, 11, 24, 4, 59, 59), utc(2026, 11, 23, 21, 0), utc(2026, 11, 24, 5, 0));
  expect_opening(window, utc(2026, 11, 24, 5, 0), utc(2026, 11, 24, 21, 0), utc(2026, 11, 25, 5, 0));
  expect_opening(hours("22:00-06:00", "America/New_York"), kNow, utc(2026, 11, 24, 3, 0),
                 utc(2026, 11, 24, 11, 0));
  expect_opening(hours("08:00-09:30", "Asia/Kathmandu"), kNow, utc(2026, 11, 24, 2, 15),
                 utc(2026, 11, 24, 3, 45));
}

TEST(Window, BeginsOnItsDaysByItsOwnCalendar) {
  auto window = hours("22:00-06:00", "Asia/Tokyo");
  window.days = {Weekday::fri};
  expect_opening(window, kNow, utc(2026, 11, 27, 13, 0), utc(2026, 11, 27, 21, 0));
  expect_opening(window, utc(2026, 11, 27, 20, 0), utc(2026, 11, 27, 13, 0), utc(2026, 11, 27, 21, 0));
  expect_opening(window, utc(2026, 11, 27, 21, 0), utc(2026, 12, 4, 13, 0), utc(2026, 12, 4, 21, 0));
}

TEST(Window, IsAnHourShorterOrLongerInNightsWhenClocksAreSet) {
  const auto window = hours("22:00-06:00", "Europe/Berlin");
  expect_opening(window, utc(2026, 3, 28, 12, 0), utc(2026, 3, 28, 21, 0),
                 utc(2026, 3, 29, 4, 0));  // 7 hours
  expect_opening(window, utc(2026, 10, 24, 12, 0), utc(2026, 10, 24, 20, 0),
                 utc(2026, 10, 25, 5, 0));  // 9 hours
}

TEST(Window, TakesATimeThatClocksLeaveOutForTheMomentOfTheChange) {
  const auto night = utc(2026, 3, 29, 0, 0);  // 02:00 to 03:00 are left out at 01:00 UTC
  expect_opening(hours("02:30-05:00", "Europe/Berlin"), night, utc(2026, 3, 29, 1, 0),
                 utc(2026, 3, 29, 3, 0));
  expect_opening(hours("01:00-02:30", "Europe/Berlin"), night, utc(2026, 3, 29, 0, 0),
                 utc(2026, 3, 29, 1, 0));
  expect_opening(hours("02:15-02:45", "Europe/Berlin"), night, utc(2026, 3, 30, 0, 15),
                 utc(2026, 3, 30, 0, 45));
  expect_opening(cron("30 2 * * *", 1h, "Europe/Berlin"), night, utc(2026, 3, 29, 1, 0),
                 utc(2026, 3, 29, 2, 0));
}

TEST(Window, OfHoursThatComeTwiceBeginsWithTheFirstAndEndsWithTheLast) {
  const auto night = utc(2026, 10, 24, 23, 50);  // 02:00 to 03:00 come at 00:00 and at 01:00 UTC
  expect_opening(hours("02:30-05:00", "Europe/Berlin"), night, utc(2026, 10, 25, 0, 30),
                 utc(2026, 10, 25, 4, 0));
  expect_opening(hours("01:00-02:30", "Europe/Berlin"), night, utc(2026, 10, 24, 23, 0),
                 utc(2026, 10, 25, 1, 30));
  const auto twice = cron("30 2 * * *", 10min, "Europe/Berlin");
  expect_opening(twice, night, utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 0, 40));
  expect_opening(twice, utc(2026, 10, 25, 0, 40), utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 1, 40));
  expect_opening(twice, utc(2026, 10, 25, 1, 40), utc(2026, 10, 26, 1, 30), utc(2026, 10, 26, 1, 40));
}

/// Zones with changes by half an hour, at midnight, and in the other half of the year.
TEST(Window, IsOpenWheneverItsClocksShowATimeWithin) {
  for (const char* name :
       {"Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "UTC"}) {
    const auto window = hours("22:00-06:00", name);
    for (auto now = utc(2026, 1, 1, 0, 0); now < utc(2027, 1, 1, 0, 0); now += 10min) {
      const auto local = window.zone->local(now);
      const auto time = local - std::chrono::floor<std::chrono::days>(local);
      const bool is_open = next_opening(window, now)->begin <= now;
      ASSERT_EQ(is_open, time < 6h || time >= 22h) << name << " " << now.time_since_epoch().count();
    }
  }
}

TEST(Window, OpensAtTimesOfCron) {
  const auto saturdays = cron("0 13 * * sat", 2h, "UTC");
  expect_opening(saturdays, kNow, utc(2026, 11, 28, 13, 0), utc(2026, 11, 28, 15, 0));
  expect_opening(saturdays, utc(2026, 11, 28, 14, 59), utc(2026, 11, 28, 13, 0), utc(2026, 11, 28, 15, 0));
  expect_opening(saturdays, utc(2026, 11, 28, 15, 0), utc(2026, 12, 5, 13, 0), utc(2026, 12, 5, 15, 0));
  expect_opening(cron("*/15 * * * *", 1min, "UTC"), kNow + 1min, utc(2026, 11, 23, 12, 15),
                 utc(2026, 11, 23, 12, 16));
  expect_opening(cron("0 0 1 * *", 48h, "UTC"), utc(2026, 12, 2, 23, 0), utc(2026, 12, 1, 0, 0),
                 utc(2026, 12, 3, 0, 0));
  expect_opening(cron("0 0 29 2 *", 1h, "UTC"), kNow, utc(2028, 2, 29, 0, 0), utc(2028, 2, 29, 1, 0));
}

TEST(Window, RefusesHoursAndZonesThatDoNotExist) {
  for (const char* text :
       {"22-06", "22:00", "22:00-25:00", "22:60-23:00", "24:00-06:00", "", "-", "22:00–06:00", "9:00-17:00"})
    EXPECT_THROW(Hours::parse(text), std::invalid_argument) << text;
  EXPECT_THROW(Hours::parse("08:00-08:00"), std::invalid_argument) << "it has no length";
  EXPECT_TRUE(Hours::parse("00:00-24:00").is_whole_day());
  for (const char* name : {"Europe/Berln", "", "/etc/passwd", "../../../etc/passwd", "posixrules/x"})
    EXPECT_THROW(TimeZone::parse(name), std::invalid_argument) << name;
}

class WindowProblems : public ::testing::Test {
 protected:
  static std::string of(const WindowOptions& window) {
    std::string all;
    for (const auto& problem : problems_of(window, kNow)) all += problem.what + "\n";
    return all;
  }
  static WindowOptions whole_day() {
    WindowOptions window;
    window.hours = Hours::parse("00:00-24:00");
    return window;
  }
};

TEST_F(WindowProblems, NoneOfWindowsThatOpen) {
  EXPECT_EQ(of(hours("22:00-06:00", "Europe/Berlin")), "");
  EXPECT_EQ(of(cron("0 0 29 2 *", 1h, "UTC")), "");
  EXPECT_EQ(of(whole_day()), "") << "which needs no zone";
}

TEST_F(WindowProblems, KeysThatDoNotGoTogether) {
  EXPECT_EQ(of({}), "expected either `hours` or `cron`\n");
  auto window = hours("22:00-06:00", "UTC");
  window.open_for = 1h;
  EXPECT_EQ(of(window), "`open_for` goes with `cron`; `hours` say themselves when they end\n");
  window = cron("0 0 * * *", 1h, "UTC");
  window.open_for.reset();
  EXPECT_EQ(of(window), "`cron` says when it opens; expected `open_for` too\n");
  window = cron("0 0 * * *", 0h, "UTC");
  EXPECT_EQ(of(window), "expected an `open_for` of more than nothing and at most 744h\n");
  window = cron("0 0 * * *", 1h, "UTC");
  window.days = {Weekday::mon};
  EXPECT_EQ(of(window), "`days` go with `hours`; `cron` has days of its own\n");
  window = hours("22:00-06:00", "UTC");
  window.zone.reset();
  EXPECT_EQ(of(window), "expected a `zone`, whose clocks it goes by, such as `Europe/Berlin` or `UTC`\n");
  window = whole_day();
  window.days = {Weekday::mon};
  EXPECT_NE(of(window), "") << "which Monday is, a zone says";
}

TEST_F(WindowProblems, AWindowWithoutDaysNeverOpens) {
  auto window = hours("22:00-06:00", "UTC");
  window.days.emplace();
  EXPECT_EQ(of(window), "it never opens within five years\n");
}

TEST_F(WindowProblems, ConditionsThatAreNone) {
  auto window = whole_day();
  window.conditions.emplace();
  EXPECT_EQ(of(window), "its `while` names no condition; expected `on_mains`, or `price` and `at_most`\n");
  window.conditions->at_most = 0.1;
  EXPECT_EQ(
      of(window),
      "its `while` has only one of `price` and `at_most`; expected a file of prices and the highest price\n");
  const slm::testing::TemporaryFolder folder;
  window.conditions->price = FilePath{folder.write("prices.csv", "price\n"), {}};
  EXPECT_NE(of(window).find("prices.csv:1: found `price`; expected the header `from,price`"),
            std::string::npos);
}

}  // namespace
}  // namespace slm::aggregate
