#include "nodes/charge.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

using namespace std::chrono_literals;

Hop hop_of(Clock::duration ago) {
  Hop hop{.node = "draft", .entered = Clock::now() - ago, .left = {}};
  hop.prompt_tokens = 1'000'000;
  hop.generated_tokens = 500'000;
  return hop;
}

TEST(Charge, CountsTokensTimeAndTheCall) {
  Hop hop = hop_of(2h);
  charge(hop, {.price = Price{.call = 1, .input = 10, .output = 100, .hour = 1000}, .watts = 0.5}, 1, {});
  EXPECT_NEAR(hop.cost, 1 + 10 + 50 + 2000, 1);
  EXPECT_NEAR(hop.energy_j, 3600, 5);
  EXPECT_EQ(hop.recorded, std::nullopt);
}

TEST(Charge, GoesByTheRecordedTimeAndByThePipelinesPriceBeforeTheRecordedCost) {
  const Recorded recorded{.duration = 1h, .cost = 7.0};
  Hop hop = hop_of(2h);
  charge(hop, {.price = Price{.hour = 1000}, .watts = 1}, 1, recorded);
  EXPECT_EQ(hop.cost, 1000);
  EXPECT_EQ(hop.energy_j, 3600);
  EXPECT_EQ(hop.recorded, 1h);
  Hop unpriced = hop_of(2h);
  charge(unpriced, {}, 1, recorded);
  EXPECT_EQ(unpriced.cost, 7);
  EXPECT_EQ(unpriced.energy_j, 0);
}

TEST(Charge, OfAFailureIsItsTimeAlone) {
  Hop hop{.node = "draft", .entered = Clock::now() - 1h, .left = {}};
  charge(hop, {.price = Price{.call = 500, .hour = 10}, .watts = 1}, 0, {});
  EXPECT_NEAR(hop.cost, 10, 1);
  EXPECT_NEAR(hop.energy_j, 3600, 60);
}

TEST(Charge, OfWhatACacheGaveIsNothing) {
  Hop hop{.node = "draft", .entered = Clock::now() - 1h, .left = {}};
  charge(hop, {.price = Price{.call = 500, .hour = 10}, .watts = 1}, 1,
         {.duration = 1h, .cost = 7.0, .is_cached = true});
  EXPECT_TRUE(hop.is_cached);
  EXPECT_EQ(hop.cost, 0);
  EXPECT_EQ(hop.energy_j, 0);
  EXPECT_EQ(hop.recorded, std::nullopt);
}

TEST(Charge, OfWhatACacheGaveAfterAFailedTryIsThatTry) {
  Hop hop{.node = "draft", .entered = Clock::now() - 10h, .left = {}};
  charge(hop, {.price = Price{.call = 500, .input = 1, .hour = 10}, .watts = 1}, 1,
         {.duration = 5h, .cost = 7.0, .is_cached = true},
         {.time = 1h, .failed_tries = 1, .prompt_tokens = 2'000'000});
  EXPECT_TRUE(hop.is_cached);
  EXPECT_EQ(hop.cost, 12);
  EXPECT_EQ(hop.energy_j, 3600);
  EXPECT_EQ(hop.prompt_tokens, 2'000'000U);
}

}  // namespace
}  // namespace slm
