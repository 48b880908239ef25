#include "nodes/aggregate/windows.h"

#include <gtest/gtest.h>

#include "tests/nodes/aggregate/moments.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::aggregate {
namespace {

using namespace std::chrono_literals;

/// Noon of a Monday in UTC, an hour later in Berlin.
const auto kNow = utc(2026, 11, 23, 12, 0);

WindowOptions hours(const std::string& text, const std::string& zone = "Europe/Berlin") {
  WindowOptions window;
  window.hours = Hours::parse(text);
  window.zone = TimeZone::parse(zone);
  return window;
}

class WindowsTest : public ::testing::Test {
 protected:
  Windows windows(const std::vector<WindowOptions>& windows) {
    return {windows,
            {.log = [this](const std::string& line) { log_.push_back(line); },
             .power_supplies = folder_ / "power"}};
  }
  void set_mains(bool is_online) {
    std::filesystem::create_directories(folder_ / "power" / "AC");
    folder_.write("power/AC/type", "Mains\n");
    folder_.write("power/AC/online", is_online ? "1\n" : "0\n");
  }
  WindowOptions priced(const std::string& prices, double at_most) {
    auto window = hours("00:00-24:00");
    window.conditions.emplace();
    window.conditions->price = FilePath{write_prices(prices), {}};
    window.conditions->at_most = at_most;
    return window;
  }
  /// So that the change is seen, however coarse the file system's clock is.
  std::filesystem::path write_prices(const std::string& prices) {
    const auto file = folder_.write("prices.csv", "from,price\n" + prices);
    std::filesystem::last_write_time(file,
                                     std::filesystem::file_time_type{} + std::chrono::seconds{++changes_});
    return file;
  }
  std::string opening(const std::vector<WindowOptions>& options, std::chrono::sys_seconds now = kNow) {
    auto all = windows(options);
    EXPECT_FALSE(all.are_open(now));
    return all.opening(now);
  }

  slm::testing::TemporaryFolder folder_;
  std::vector<std::string> log_;
  int changes_ = 0;
};

TEST_F(WindowsTest, WithoutOneItIsAlwaysOpen) {
  EXPECT_TRUE(windows({}).are_open(kNow));
}

TEST_F(WindowsTest, OneOfSeveralIsEnough) {
  auto two = windows({hours("22:00-06:00"), hours("13:00-14:00")});
  EXPECT_TRUE(two.are_open(kNow));
  EXPECT_FALSE(two.are_open(kNow + 1h));
  EXPECT_TRUE(two.are_open(kNow + 9h));
}

TEST_F(WindowsTest, GoByTheClockAsItIsSet) {
  auto night = windows({hours("22:00-06:00")});
  EXPECT_FALSE(night.are_open(kNow));
  EXPECT_TRUE(night.are_open(kNow + 10h)) << "set forward";
  EXPECT_FALSE(night.are_open(kNow + 1min)) << "and back";
  EXPECT_TRUE(night.are_open(kNow - 8h)) << "and further";
}

TEST_F(WindowsTest, AreOpenToTheSecond) {
  auto night = windows({hours("22:00-06:00")});
  EXPECT_FALSE(night.are_open(kNow + 9h - 1ms));
  EXPECT_TRUE(night.are_open(kNow + 9h));
  EXPECT_TRUE(night.are_open(kNow + 17h - 1ms));
  EXPECT_FALSE(night.are_open(kNow + 17h));
}

TEST_F(WindowsTest, CanDependOnMains) {
  auto window = hours("00:00-24:00");
  window.conditions.emplace();
  window.conditions->on_mains = true;
  set_mains(false);
  auto mains = windows({window});
  EXPECT_FALSE(mains.are_open(kNow));
  set_mains(true);
  EXPECT_FALSE(mains.are_open(kNow + 999ms)) << "it looks once a second";
  EXPECT_TRUE(mains.are_open(kNow + 1s));
  window.conditions->on_mains = false;
  EXPECT_FALSE(windows({window}).are_open(kNow)) << "on battery alone";
}

TEST_F(WindowsTest, CanDependOnAPrice) {
  auto cheap =
      windows({priced("2026-11-23T12:00Z,0.2\n2026-11-23T13:00Z,0.08\n2026-11-23T14:00Z,-0.1\n", 0.08)});
  EXPECT_FALSE(cheap.are_open(kNow));
  EXPECT_TRUE(cheap.are_open(kNow + 1h)) << "at most";
  EXPECT_TRUE(cheap.are_open(kNow + 2h));
  EXPECT_TRUE(log_.empty());
}

TEST_F(WindowsTest, AreClosedWhereThereIsNoPriceAndSayItOnce) {
  auto cheap = windows({priced("2026-11-23T12:00Z,0\n2026-11-23T13:00Z,0\n", 1)});
  EXPECT_TRUE(cheap.are_open(kNow + 1h));
  for (const auto later : {2h, 3h, 4h}) EXPECT_FALSE(cheap.are_open(kNow + later));
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_NE(log_[0].find("prices.csv has no price for now"), std::string::npos) << log_[0];
}

TEST_F(WindowsTest, ReadPricesAgainWhenTheirFileChanges) {
  auto cheap = windows({priced("2026-11-23T12:00Z,5\n2026-11-23T13:00Z,5\n", 1)});
  EXPECT_FALSE(cheap.are_open(kNow));
  write_prices("2026-11-23T12:00Z,1\n2026-11-23T13:00Z,5\n");
  EXPECT_TRUE(cheap.are_open(kNow + 1s));
  write_prices("2026-11-23T12:00Z,cheap\n");
  EXPECT_TRUE(cheap.are_open(kNow + 2s)) << "the prices from before count";
  EXPECT_TRUE(cheap.are_open(kNow + 3s));
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_NE(log_[0].find("prices.csv:2: found `2026-11-23T12:00Z,cheap`"), std::string::npos) << log_[0];
  EXPECT_NE(log_[0].find("the prices from before go on"), std::string::npos) << log_[0];
  std::filesystem::remove(folder_ / "prices.csv");
  EXPECT_TRUE(cheap.are_open(kNow + 4s));
  EXPECT_EQ(log_.size(), 2U);
  write_prices("2026-11-23T12:00Z,7\n2026-11-23T13:00Z,7\n");
  EXPECT_FALSE(cheap.are_open(kNow + 5s));
}

TEST_F(WindowsTest, RefuseAFileOfPricesThatCannotBeRead) {
  EXPECT_THROW(windows({priced("", 1)}), std::runtime_error);
}

TEST_F(WindowsTest, TellWhenTheyOpen) {
  EXPECT_EQ(opening({hours("22:00-06:00")}), "22:00 Europe/Berlin");
  EXPECT_EQ(opening({hours("22:00-06:00"), hours("14:30-15:00", "UTC")}), "14:30 UTC");
  auto weekend = hours("08:05-20:00", "UTC");
  weekend.days = {Weekday::sat};
  EXPECT_EQ(opening({weekend}), "2026-11-28 08:05 UTC");
}

TEST_F(WindowsTest, TellWhatTheyDependOn) {
  set_mains(false);
  auto mains = hours("00:00-24:00");
  mains.conditions.emplace();
  mains.conditions->on_mains = true;
  EXPECT_EQ(opening({mains}), "the machine is on mains");
  auto night = hours("22:00-06:00");
  night.conditions = mains.conditions;
  EXPECT_EQ(opening({night}), "22:00 Europe/Berlin, if then the machine is on mains");
  auto both = priced("2026-11-23T12:00Z,5\n2026-11-23T13:00Z,5\n", 0.08);
  both.conditions->on_mains = true;
  EXPECT_EQ(opening({both, hours("22:00-06:00")}),
            "the machine is on mains and the price in prices.csv is at most 0.08, or 22:00 Europe/Berlin");
}

}  // namespace
}  // namespace slm::aggregate
