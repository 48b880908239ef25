#include "statistics/scoring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace slm::statistics {
namespace {

using Answers = std::vector<ScoredAnswer>;

const Answers kAnswers{{0.95, true}, {0.9, true},   {0.9, false}, {0.8, true},  {0.7, false}, {0.7, true},
                       {0.7, true},  {0.55, false}, {0.4, true},  {0.99, true}, {1, true},    {0.3, false}};

Answers random_answers(std::size_t count) {
  std::mt19937_64 random{9};
  Answers answers(count);
  for (ScoredAnswer& answer : answers) {
    answer.confidence = static_cast<double>(random() % 50) / 49;
    answer.is_right = random() % 50 < static_cast<std::uint64_t>(answer.confidence * 49);
  }
  return answers;
}

// Numbers without a comment are scikit-learn 1.2's of the same answers.

TEST(Scoring, AccuracyBrierAndLogLossAreThoseOfAReference) {
  EXPECT_NEAR(8 / 12.0, accuracy(kAnswers), 1e-12);
  EXPECT_NEAR(0.19042499999999998, brier_score(kAnswers), 1e-12);
  EXPECT_NEAR(0.5567690795367666, log_loss(kAnswers), 1e-9);
}

TEST(Scoring, ASureMistakeCostsMuchButNotEverything) {
  EXPECT_NEAR(-std::log(1e-7), log_loss({1, false}), 1e-6);
  EXPECT_NEAR(-std::log(1e-7), log_loss({0, true}), 1e-6);
}

TEST(Scoring, AurocCountsTiesHalf) {
  EXPECT_NEAR(0.765625, area_under_roc(kAnswers).value(), 1e-12);
  EXPECT_EQ(0.5, area_under_roc(Answers{{0.6, true}, {0.6, false}, {0.6, false}}));
}

TEST(Scoring, AurocIsTheShareOfPairsInOrder) {
  const Answers answers = random_answers(300);
  double in_order = 0, pairs = 0;
  for (const ScoredAnswer& right : answers) {
    for (const ScoredAnswer& wrong : answers) {
      if (!right.is_right || wrong.is_right) continue;
      ++pairs;
      in_order += right.confidence > wrong.confidence ? 1 : right.confidence == wrong.confidence ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(in_order / pairs, area_under_roc(answers).value(), 1e-12);
}

TEST(Scoring, AurocNeedsBothKinds) {
  EXPECT_EQ(std::nullopt, area_under_roc(Answers{{0.5, true}, {0.6, true}}));
  EXPECT_EQ(std::nullopt, area_under_roc(Answers{{0.5, false}}));
}

TEST(Scoring, BinsOfEqualWidthAreByConfidence) {
  const auto bins = reliability_bins(kAnswers, Binning::equal_width, 5);
  ASSERT_EQ(4U, bins.size());  // none below 0.2
  EXPECT_NEAR(0.3, bins[0].mean_confidence, 1e-12);
  EXPECT_EQ(0, bins[0].accuracy);
  EXPECT_EQ(6U, bins[3].count);
  EXPECT_NEAR(0.0825, calibration_error(bins), 1e-12);  // by numpy, from the definition
}

TEST(Scoring, BinsOfEqualMassHoldAsManyEach) {
  Answers answers;
  for (int i = 0; i < 60; ++i) answers.push_back({0.9 + i * 0.001, i % 2 == 0});
  const auto bins = reliability_bins(answers, Binning::equal_mass, 6);
  ASSERT_EQ(6U, bins.size());
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(10U, bins[i].count);
    EXPECT_NEAR(0.9045 + 0.01 * static_cast<double>(i), bins[i].mean_confidence, 1e-9);
    EXPECT_EQ(0.5, bins[i].accuracy);
  }
  EXPECT_EQ(1U, reliability_bins(answers, Binning::equal_width, 6).size());
}

TEST(Scoring, ATieIsNeverSplitOverBins) {
  Answers answers(10, ScoredAnswer{0.7, true});
  answers.resize(20, ScoredAnswer{0.7, false});
  const auto bins = reliability_bins(answers);
  ASSERT_EQ(1U, bins.size());
  EXPECT_NEAR(0.2, calibration_error(bins), 1e-12);
}

TEST(Scoring, ConfidencesThatAreTrueHaveALittleError) {
  std::mt19937_64 random{4};
  Answers answers(50'000);
  for (ScoredAnswer& answer : answers) {
    answer.confidence = static_cast<double>(random() >> 11) * 0x1p-53;
    answer.is_right = static_cast<double>(random() >> 11) * 0x1p-53 < answer.confidence;
  }
  EXPECT_LT(calibration_error(reliability_bins(answers)), 0.015);
  for (ScoredAnswer& answer : answers) answer.confidence = std::sqrt(answer.confidence);
  // The mean of sqrt(c) - c over [0, 1] is 1/6.
  EXPECT_NEAR(1 / 6.0, calibration_error(reliability_bins(answers)), 0.01);
}

TEST(Scoring, RiskCoverageTakesTiesTogether) {
  const auto curve = risk_coverage_curve(kAnswers);
  ASSERT_EQ(9U, curve.size());
  EXPECT_EQ(1, curve[0].threshold);
  EXPECT_EQ(0.9, curve[3].threshold);
  EXPECT_EQ(5U, curve[3].accepted);
  EXPECT_EQ(1U, curve[3].wrong);
  EXPECT_EQ(0.2, curve[3].risk);
  EXPECT_EQ(1, curve.back().coverage);
  EXPECT_NEAR(0.1782828282828283, area_under_risk_coverage(curve), 1e-12);  // by numpy, from the definition
}

TEST(Scoring, AurcWithoutTiesIsTheMeanRiskOfAllPrefixes) {
  const Answers answers{{0.9, true}, {0.8, false}, {0.7, true}, {0.6, false}};
  EXPECT_NEAR((0 + 1 / 2.0 + 1 / 3.0 + 2 / 4.0) / 4, area_under_risk_coverage(risk_coverage_curve(answers)),
              1e-12);
}

TEST(Scoring, TheOrderOfAnswersDoesNotMatter) {
  Answers answers = random_answers(200);
  const double roc = area_under_roc(answers).value();
  const double error = calibration_error(reliability_bins(answers));
  const double risk = area_under_risk_coverage(risk_coverage_curve(answers));
  std::stable_sort(answers.begin(), answers.end(), [](auto& a, auto& b) { return a.is_right < b.is_right; });
  EXPECT_EQ(roc, area_under_roc(answers));
  EXPECT_NEAR(error, calibration_error(reliability_bins(answers)), 1e-12);
  EXPECT_EQ(risk, area_under_risk_coverage(risk_coverage_curve(answers)));
}

}  // namespace
}  // namespace slm::statistics
