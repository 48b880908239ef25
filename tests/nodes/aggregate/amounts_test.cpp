#include "nodes/aggregate/amounts.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace slm::aggregate {
namespace {

TEST(Amounts, ReadsBytes) {
  EXPECT_EQ(ByteCount::parse("64MiB").bytes, std::uint64_t{64} << 20U);
  EXPECT_EQ(ByteCount::parse("1B").bytes, 1U);
  for (const char* text : {"", "64", "MiB", "64MB", "64 MiB", "-1B", "0B", "1.5KiB", "99999999999TiB"})
    EXPECT_THROW(ByteCount::parse(text), std::invalid_argument) << text;
}

TEST(Amounts, ReadsRates) {
  EXPECT_EQ(Rate::parse("50/s").per_second, 50);
  EXPECT_EQ(Rate::parse("90/min").per_second, 1.5);
  EXPECT_EQ(Rate::parse("0.5/h").per_second, 0.5 / 3600);
  for (const char* text :
       {"", "50", "/s", "50/d", "50 /s", "-1/s", "0/s", "nan/s", "inf/s", "1e300/s", "0.001/h"})
    EXPECT_THROW(Rate::parse(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace slm::aggregate
