#include "models/ngram/held_out.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace slm::ngram {
namespace {

// 100 of label 0, 30 of label 1, 1 of label 2, none of label 3.
std::vector<std::uint32_t> labels() {
  std::vector<std::uint32_t> all(100, 0);
  all.insert(all.end(), 30, 1);
  all.push_back(2);
  return all;
}

TEST(HeldOut, TakesTheShareOfEveryLabel) {
  const HeldOut split = hold_out(labels(), 4, 0.1, 1);
  const auto held_out_of = [&](std::size_t begin, std::size_t end) {
    return std::count_if(split.held_out.begin(), split.held_out.end(),
                         [&](std::size_t i) { return i >= begin && i < end; });
  };
  EXPECT_EQ(held_out_of(0, 100), 10);
  EXPECT_EQ(held_out_of(100, 130), 3);
  EXPECT_EQ(held_out_of(130, 131), 0);
}

TEST(HeldOut, UsesEveryExampleOnce) {
  const HeldOut split = hold_out(labels(), 4, 0.3, 1);
  std::vector<std::size_t> all = split.training;
  all.insert(all.end(), split.held_out.begin(), split.held_out.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), labels().size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
}

TEST(HeldOut, DependsOnTheSeedAlone) {
  EXPECT_EQ(hold_out(labels(), 4, 0.1, 1).held_out, hold_out(labels(), 4, 0.1, 1).held_out);
  EXPECT_NE(hold_out(labels(), 4, 0.1, 1).held_out, hold_out(labels(), 4, 0.1, 2).held_out);
}

TEST(HeldOut, OfNothingIsEmpty) {
  EXPECT_TRUE(hold_out(labels(), 4, 0, 1).held_out.empty());
}

TEST(HeldOut, LeavesOneExampleToTrainOn) {
  const std::vector<std::uint32_t> two{0, 0, 1, 1};
  EXPECT_EQ(hold_out(two, 2, 0.9, 1).training.size(), 2U);
}

}  // namespace
}  // namespace slm::ngram
