#include "models/llama/guessing.h"

#include <gtest/gtest.h>

namespace slm::llama {
namespace {

/// After many steps of 1 ms each and `of_a_token` ms for each token.
Guessing after_steps(double of_a_token) {
  Guessing guessing;
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::size_t tokens = 1 + i % 20;
    guessing.stepped(Guessing::Seconds{1e-3 * (1 + of_a_token * static_cast<double>(tokens))}, tokens);
  }
  return guessing;
}

TEST(Guessing, PaysUntilStepsAreKnown) {
  Guessing guessing;
  EXPECT_TRUE(guessing.pay(0.01));
  EXPECT_TRUE(guessing.drafts_pay());
}

TEST(Guessing, PaysWhereAStepCostsMoreThanItsTokens) {
  const Guessing cheap = after_steps(0.1), dear = after_steps(10);
  EXPECT_TRUE(cheap.pay(0.2));  // 0.2 × 1 ms ≥ 0.8 × 0.1 ms
  EXPECT_FALSE(cheap.pay(0.05));
  EXPECT_FALSE(dear.pay(0.8));
  EXPECT_TRUE(dear.pay(0.95));
  EXPECT_TRUE(dear.pay(1));
}

TEST(Guessing, PaysLessTheMoreAnswersShareAStep) {
  Guessing guessing = after_steps(0.1);
  EXPECT_TRUE(guessing.pay(0.5));
  guessing.set_answers(16);
  EXPECT_FALSE(guessing.pay(0.5));
  EXPECT_TRUE(guessing.pay(0.7));
}

TEST(Guessing, GivesDraftsUpThatAreWrongAndTriesThemAgain) {
  Guessing guessing = after_steps(1);
  EXPECT_TRUE(guessing.drafts_pay());
  for (int i = 0; i < 50; ++i) guessing.saw_draft(8, 0);
  EXPECT_FALSE(guessing.drafts_pay());
  int declined = 0;
  while (!guessing.drafts_pay() && declined < 10'000) ++declined;
  EXPECT_GT(declined, 100);
  EXPECT_LT(declined, 2000);
}

}  // namespace
}  // namespace slm::llama
