#include "nodes/aggregate/cron.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace slm::aggregate {
namespace {

using std::chrono::local_days;
using std::chrono::year;

std::string minutes_of(const std::string& field) {
  const auto times = CronTimes::parse(field + " * * * *");
  std::string found;
  for (std::size_t minute = 0; minute < 60; ++minute)
    if (times.has_minute(minute)) found.append(found.empty() ? "" : " ").append(std::to_string(minute));
  return found;
}

std::string refusal_of(const std::string& text) {
  try {
    CronTimes::parse(text);
    return "was taken";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Cron, ReadsListsRangesAndSteps) {
  EXPECT_EQ(minutes_of("7"), "7");
  EXPECT_EQ(minutes_of("5,1-3"), "1 2 3 5");
  EXPECT_EQ(minutes_of("*/20"), "0 20 40");
  EXPECT_EQ(minutes_of("10-40/15,59"), "10 25 40 59");
}

TEST(Cron, ReadsNamesOfMonthsAndDays) {
  const auto times = CronTimes::parse("0 13 * jan-Mar SAT,7");
  EXPECT_TRUE(times.has_day(local_days{year{2026} / 2 / 28})) << "a Saturday";
  EXPECT_TRUE(times.has_day(local_days{year{2026} / 3 / 1})) << "a Sunday";
  EXPECT_FALSE(times.has_day(local_days{year{2026} / 3 / 2}));
  EXPECT_FALSE(times.has_day(local_days{year{2026} / 4 / 4}));
  EXPECT_TRUE(times.has_hour(13));
  EXPECT_FALSE(times.has_hour(1));
}

TEST(Cron, NeedsOneKindOfDayWhereBothAreRestricted) {
  const auto either = CronTimes::parse("0 0 13 * fri");
  EXPECT_TRUE(either.has_day(local_days{year{2026} / 11 / 27})) << "a Friday";
  EXPECT_TRUE(either.has_day(local_days{year{2026} / 12 / 13})) << "a Sunday";
  EXPECT_FALSE(either.has_day(local_days{year{2026} / 12 / 12}));
  const auto both = CronTimes::parse("0 0 */12 * fri");
  EXPECT_TRUE(both.has_day(local_days{year{2026} / 11 / 13}));
  EXPECT_FALSE(both.has_day(local_days{year{2026} / 12 / 13}));
}

TEST(Cron, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refusal_of("0 13 * *").find("has 4 fields; expected the five fields of cron"), std::string::npos);
  EXPECT_NE(refusal_of("60 * * * *")
                .find("`60` is no minute of cron; expected `*`, or numbers and ranges from 0 to 59"),
            std::string::npos);
  for (const char* text :
       {"0 24 * * *", "0 0 0 * *", "0 0 1 13 *", "0 0 * * 8", "5-1 * * * *", "*/0 * * * *", "5/10 * * * *",
        ", * * * *", "1,, * * * *", "- * * * *", "*/ * * * *", "0 0 * mon *", "0x1 * * * *", ""})
    EXPECT_NE(refusal_of(text).find("expected"), std::string::npos) << text;
}

TEST(Cron, RefusesADayThatNeverComes) {
  EXPECT_NE(refusal_of("0 0 31 2 *").find("never opens"), std::string::npos);
  EXPECT_NE(refusal_of("0 0 31 apr,jun *").find("never opens"), std::string::npos);
  EXPECT_EQ(refusal_of("0 0 29 2 *"), "was taken");
  EXPECT_EQ(refusal_of("0 0 31 2 mon"), "was taken") << "it opens on Mondays";
}

}  // namespace
}  // namespace slm::aggregate
