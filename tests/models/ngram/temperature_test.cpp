#include "models/ngram/temperature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace slm::ngram {
namespace {

// Two labels, right three times in four: the calibrated difference of logits is ln 3.
struct Coin {
  explicit Coin(float difference) {
    for (int i = 0; i < 4; ++i) {
      logits.insert(logits.end(), {difference, 0});
      labels.push_back(i == 0 ? 1 : 0);
    }
  }
  std::vector<float> logits;
  std::vector<std::uint32_t> labels;
};

TEST(Temperature, CoolsAndHeatsToTheRightProbability) {
  for (const float difference : {0.3F, 1.0F, 5.0F}) {
    const Coin coin(difference);
    const Temperature fitted = fit_temperature({coin.logits, coin.labels, 2});
    EXPECT_NEAR(difference * fitted.inverse, std::log(3.0F), 0.01F);
    EXPECT_NEAR(fitted.loss, -0.75 * std::log(0.75) - 0.25 * std::log(0.25), 1e-4);
  }
}

TEST(Temperature, StaysWithinItsBoundsWhereAllIsRight) {
  const std::vector<float> logits{1, 0};
  const std::vector<std::uint32_t> labels{0};
  EXPECT_NEAR(fit_temperature({logits, labels, 2}).inverse, 10, 0.1);
}

TEST(Temperature, IsOneWithoutExamples) {
  EXPECT_EQ(fit_temperature({{}, {}, 2}).inverse, 1);
}

}  // namespace
}  // namespace slm::ngram
