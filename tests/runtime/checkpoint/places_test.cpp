#include <gtest/gtest.h>

#include "runtime/checkpoint/places.h"

namespace slm::runtime {
namespace {

InputPosition at(std::uint64_t number) {
  return {number, 0, number + 1, number * 100};
}

std::uint64_t end(Places& places, std::vector<std::uint64_t> numbers) {
  return places.end(numbers).number;
}

TEST(Places, ReadingGoesOnWithTheFirstThatIsNotDone) {
  Places places;
  for (const std::uint64_t number : {0U, 1U, 2U, 3U}) places.begin(at(number));
  EXPECT_EQ(end(places, {2}), 0U);
  EXPECT_EQ(end(places, {0}), 1U);
  EXPECT_EQ(places.done(), (std::vector<std::uint64_t>{2}));
  const auto from = places.end(std::vector<std::uint64_t>{1});
  EXPECT_EQ(from.number, 3U);
  EXPECT_EQ(from.line, 4U);
  EXPECT_EQ(from.begin, 300U);
  EXPECT_TRUE(places.done().empty());
}

TEST(Places, WhereAllAreDoneTheLastOneIsKept) {
  Places places;
  for (const std::uint64_t number : {0U, 1U}) places.begin(at(number));
  EXPECT_EQ(end(places, {0, 1}), 1U);
  EXPECT_EQ(places.done(), (std::vector<std::uint64_t>{1}));
  places.begin(at(2));
  EXPECT_EQ(end(places, {}), 2U);
  EXPECT_TRUE(places.done().empty());
}

TEST(Places, ThoseOfAnEarlierRunAreDoneBeforeTheyBegin) {
  Places places{at(4), {4, 6}};
  EXPECT_EQ(end(places, {}), 4U) << "nothing was read";
  EXPECT_EQ(places.done(), (std::vector<std::uint64_t>{4, 6}));
  for (const std::uint64_t number : {4U, 5U}) places.begin(at(number));
  EXPECT_EQ(end(places, {}), 5U);
  EXPECT_EQ(places.done(), (std::vector<std::uint64_t>{6})) << "it is still known, and not read";
}

TEST(Places, NumbersMayHaveGapsAndWhatIsNotOfTheInputDoesNotCount) {
  Places places;
  for (const std::uint64_t number : {1U, 4U, 7U}) places.begin(at(number));
  EXPECT_EQ(end(places, {1, kNoNumber}), 4U);
  EXPECT_TRUE(places.done().empty());
}

}  // namespace
}  // namespace slm::runtime
