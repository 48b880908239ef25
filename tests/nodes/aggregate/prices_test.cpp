#include "nodes/aggregate/prices.h"

#include <gtest/gtest.h>

#include "tests/nodes/aggregate/moments.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::aggregate {
namespace {

class PriceTest : public ::testing::Test {
 protected:
  Prices read(const std::string& text) const { return Prices::read(folder_.write("prices.csv", text)); }
  /// Without the folder.
  std::string refusal_of(const std::string& text) const {
    try {
      read(text);
      return "was taken";
    } catch (const std::runtime_error& error) {
      const std::string what = error.what();
      return what.substr(what.find("prices.csv"));
    }
  }

  slm::testing::TemporaryFolder folder_;
};

TEST_F(PriceTest, PricesHoldUntilTheNextOneAndTheLastAsLongAsTheOneBefore) {
  const auto prices = read(
      "from,price\n2026-11-23T22:00+01:00,0.08\r\n2026-11-23T21:15:00Z,-0.01\n\n2026-11-23T16:30:00-05:00,2e-"
      "1\n");
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 20, 59, 59)), std::nullopt);
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 21, 0)), 0.08);
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 21, 14, 59)), 0.08);
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 21, 15)), -0.01);
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 21, 44, 59)), 0.2);
  EXPECT_EQ(prices.at(utc(2026, 11, 23, 21, 45)), std::nullopt);
}

TEST_F(PriceTest, TellsWhereAFileIsWrong) {
  EXPECT_EQ(refusal_of("time;price\n"), "prices.csv:1: found `time;price`; expected the header `from,price`");
  const std::string first = "from,price\n2026-11-23T22:00Z,1\n";
  EXPECT_EQ(refusal_of(first + "2026-11-23T22:00+01:00,1\n"),
            "prices.csv:3: its time is not after that of the line before");
  EXPECT_EQ(refusal_of(first),
            "prices.csv:2: expected at least two prices, since the next one tells how long one holds");
  for (const char* line :
       {"2026-11-23T23:00,1", "2026-11-23T23:00Z", "2026-11-23T23:00Z,", "2026-11-23T23:00Z,cheap",
        "2026-02-30T23:00Z,1", "tomorrow,1", "2026-11-23T23:00Z,1,2", "2026-11-23T23:00Zx,1"})
    EXPECT_EQ(refusal_of(first + line + "\n"), std::string{"prices.csv:3: found `"} + line +
                                                   "`; expected a time with its distance from UTC and a "
                                                   "price, such as `2026-11-23T22:00+01:00,0.071`");
  EXPECT_NE(refusal_of("").find("prices.csv:0: expected at least two prices"), std::string::npos);
  EXPECT_THROW(Prices::read(folder_ / "none.csv"), std::runtime_error);
}

}  // namespace
}  // namespace slm::aggregate
