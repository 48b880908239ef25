#include "statistics/logistic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace slm::statistics {
namespace {

using Values = std::vector<double>;

const Values kFeatures{0.2, 10, 0.5, 14, 0.9, 3, 0.4, 8, 0.7, 20, 0.8, 1, 0.3, 6, 0.6, 12, 0.95, 30, 0.1, 2};
const Values kTargets{0, 1, 1, 0, 1, 0, 0, 0, 1, 0};

void expect_model(const LogisticModel& model, double intercept, double first, double second) {
  EXPECT_NEAR(intercept, model.intercept, 1e-4);
  EXPECT_NEAR(first, model.weights[0], 1e-4);
  EXPECT_NEAR(second, model.weights[1], 1e-5);
}

TEST(Logistic, FitsWhatAReferenceFits) {
  // LogisticRegression(C = 1 / penalty) of scikit-learn 1.2 on features scaled by their deviation.
  const LogisticData data{kFeatures, kTargets, 2};
  expect_model(fit_logistic(data, 1), -3.2643338, 3.2892351, 0.0939176);
  expect_model(fit_logistic(data, 10), -1.1408440, 0.8421295, 0.0250112);
  expect_model(fit_logistic(data, 0.01), -13.3541526, 14.2498338, 0.4423206);
}

TEST(Logistic, FindsTheWeightsThatMadeTheData) {
  std::mt19937_64 random{12};
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  Values features, targets;
  for (int i = 0; i < 20'000; ++i) {
    const double a = 4 * uniform() - 2, b = 100 * uniform();
    features.insert(features.end(), {a, b});
    targets.push_back(uniform() < sigmoid(1.5 * a - 0.03 * b + 1) ? 1 : 0);
  }
  const LogisticModel model = fit_logistic({features, targets, 2});
  EXPECT_NEAR(1.5, model.weights[0], 0.08);
  EXPECT_NEAR(-0.03, model.weights[1], 0.003);
  EXPECT_NEAR(1, model.intercept, 0.12);
}

TEST(Logistic, SeparableDataHaveFiniteWeights) {
  const Values features{1, 2, 3, 4, 5, 6}, targets{0, 0, 0, 1, 1, 1};
  for (const double penalty : {1.0, 1e-3, 1e-6}) {
    const LogisticModel model = fit_logistic({features, targets}, penalty);
    EXPECT_TRUE(std::isfinite(model.weights[0])) << penalty;
    EXPECT_LT(model.probability(Values{3}), 0.5) << penalty;
    EXPECT_GT(model.probability(Values{4}), 0.5) << penalty;
  }
}

TEST(Logistic, AConstantFeatureHasNoWeight) {
  const Values features{1, 0.1, 2, 0.1, 3, 0.1, 4, 0.1}, targets{0, 1, 0, 1};
  const LogisticModel model = fit_logistic({features, targets, 2});
  EXPECT_EQ(0, model.weights[1]);
  EXPECT_GT(model.weights[0], 0);
}

TEST(Logistic, TwinFeaturesShareTheirWeight) {
  const Values features{1, 1, 2, 2, 3, 3, 4, 4}, targets{0, 1, 0, 1};
  const LogisticModel model = fit_logistic({features, targets, 2});
  EXPECT_NEAR(model.weights[0], model.weights[1], 1e-9);
}

TEST(Logistic, OneClassAloneIsNearlyCertain) {
  const Values features{1, 2, 3}, targets{1, 1, 1};
  const double probability = fit_logistic({features, targets}).probability(Values{2});
  EXPECT_GT(probability, 0.99);
  EXPECT_LT(probability, 1);
}

TEST(Logistic, TargetsMayBeProbabilities) {
  const Values features{1, 1, 1, 1}, targets{0.3, 0.3, 0.3, 0.3};
  EXPECT_NEAR(0.3, fit_logistic({features, targets}).probability(Values{1}), 1e-5);
}

TEST(Logistic, HugeFeaturesDoNotOverflow) {
  const Values features{-1e150, 1e150, 2e150, -3e150}, targets{0, 1, 1, 0};
  const LogisticModel model = fit_logistic({features, targets});
  EXPECT_GT(model.probability(Values{1e150}), 0.5);
  EXPECT_LT(model.probability(Values{-1e150}), 0.5);
  EXPECT_EQ(0, sigmoid(-1e5));
  EXPECT_EQ(1, sigmoid(1e5));
}

}  // namespace
}  // namespace slm::statistics
