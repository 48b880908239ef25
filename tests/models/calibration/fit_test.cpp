#include "models/calibration/fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

using Examples = std::vector<CalibrationExample>;
using Method = CalibrationMethod;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_{seed} {}
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }

 private:
  std::mt19937_64 random_;
};

/// A classifier of three labels, right as often as softmax(logits) says, that shows softmax(logits ·
/// sharpness).
Examples classified(std::size_t count, double sharpness, std::uint64_t seed = 1) {
  Draw draw{seed};
  Examples examples(count);
  for (CalibrationExample& example : examples) {
    double sum = 0, best = 0, shown_sum = 0;
    std::vector<double> shown;
    for (int label = 0; label < 3; ++label) {
      const double logit = 1.5 * draw.normal();
      sum += std::exp(logit);
      best = std::max(best, std::exp(logit));
      shown.push_back(std::exp(logit * sharpness));
      shown_sum += shown.back();
    }
    for (const double p : shown)
      example.evidence.labels.probabilities.push_back(static_cast<float>(p / shown_sum));
    example.is_right = draw.uniform() < best / sum;
  }
  return examples;
}

/// A generator whose answers are right by their worst token and, beside that, their length.
Examples generated(std::size_t count, std::uint64_t seed = 1) {
  Draw draw{seed};
  Examples examples(count);
  for (CalibrationExample& example : examples) {
    const int length = 3 + static_cast<int>(20 * draw.uniform());
    float worst = 0;
    for (int i = 0; i < length; ++i) {
      example.evidence.token_logprobs.push_back(static_cast<float>(std::log(draw.uniform()) / 2));
      worst = std::min(worst, example.evidence.token_logprobs.back());
    }
    const double z = 4 + 1.5 * worst - 0.1 * length;
    example.is_right = draw.uniform() < 1 / (1 + std::exp(-z));
  }
  return examples;
}

double loss_of(const CalibrationFit& fit, Method method) {
  for (const auto& loss : fit.losses)
    if (loss.method == method) return loss.log_loss;
  ADD_FAILURE() << "no loss of " << to_string(method);
  return 0;
}

double fresh_loss(const Calibration& calibration, const Examples& examples) {
  std::vector<statistics::ScoredAnswer> answers;
  for (const CalibrationExample& example : examples)
    answers.push_back({calibration.probability(example.evidence).value(), example.is_right});
  return statistics::log_loss(answers);
}

std::string complaint(const Examples& examples, const CalibrationOptions& options = {}) {
  try {
    fit_calibration(examples, options);
    return "";
  } catch (const CalibrationError& error) {
    return error.what();
  }
}

TEST(CalibrationFit, FindsTheTemperatureThatMadeTheData) {
  for (const double temperature : {0.5, 1.0, 3.0}) {
    const CalibrationFit fit =
        fit_calibration(classified(20'000, temperature), {.method = Method::temperature});
    EXPECT_NEAR(1, std::get<TemperatureScaling>(fit.calibration.map).temperature / temperature, 0.1);
  }
}

TEST(CalibrationFit, TakesTheSimplestMethodThatIsAsGood) {
  const CalibrationFit fit = fit_calibration(classified(4000, 2));
  EXPECT_EQ(Method::temperature, fit.calibration.method());
  ASSERT_EQ(4U, fit.losses.size());
  EXPECT_EQ(Method::temperature, fit.losses.front().method);
  EXPECT_EQ(Method::logistic, fit.losses.back().method);
}

TEST(CalibrationFit, TakesWhatSeveralSignalsTell) {
  const CalibrationFit fit = fit_calibration(generated(4000));
  EXPECT_EQ(Method::logistic, fit.calibration.method());
  EXPECT_LT(loss_of(fit, Method::logistic), loss_of(fit, Method::platt) - 0.02);
  EXPECT_LT(fresh_loss(fit.calibration, generated(4000, 2)), loss_of(fit, Method::platt) - 0.02);
}

TEST(CalibrationFit, PlattFindsTheLineThatMadeTheData) {
  Draw draw{3};
  Examples examples(20'000);
  for (CalibrationExample& example : examples) {
    example.evidence.first_token_margin = static_cast<float>(draw.uniform());
    example.is_right = draw.uniform() < 1 / (1 + std::exp(-(5 * *example.evidence.first_token_margin - 2)));
  }
  const CalibrationFit fit =
      fit_calibration(examples, {.method = Method::platt, .signals = {{SignalKind::first_token_margin}}});
  EXPECT_NEAR(5, std::get<PlattScaling>(fit.calibration.map).slope, 0.2);
  EXPECT_NEAR(-2, std::get<PlattScaling>(fit.calibration.map).intercept, 0.12);
}

TEST(CalibrationFit, IsotonicTakesAnyRisingShape) {
  Draw draw{4};
  Examples examples(5000);
  for (CalibrationExample& example : examples) {
    const double margin = draw.uniform();
    example.evidence.first_token_margin = static_cast<float>(margin);
    example.is_right = draw.uniform() < (margin < 0.3 ? 0.1 : margin < 0.8 ? 0.6 : 0.65);
  }
  const CalibrationFit fit = fit_calibration(examples, {.signals = {{SignalKind::first_token_margin}}});
  EXPECT_EQ(Method::isotonic, fit.calibration.method());
  for (const auto& [margin, expected] : {std::pair{0.15F, 0.1}, {0.55F, 0.6}}) {
    Evidence evidence;
    evidence.first_token_margin = margin;
    EXPECT_NEAR(expected, fit.calibration.probability(evidence).value(), 0.06);
  }
}

TEST(CalibrationFit, OutOfFoldConfidencesAreAboutAsGoodAsFreshOnes) {
  // So many signals for so few examples that a fit praises itself on what it has seen.
  const Examples seen = generated(60);
  const CalibrationFit fit = fit_calibration(seen, {.method = Method::logistic});
  const double honest = statistics::log_loss(fit.out_of_fold);
  const double fresh = fresh_loss(fit.calibration, generated(5000, 5));
  EXPECT_LT(fresh_loss(fit.calibration, seen), honest - 0.05);
  EXPECT_NEAR(fresh, honest, 0.12);
  EXPECT_EQ(honest, loss_of(fit, Method::logistic));
}

TEST(CalibrationFit, OutOfFoldConfidencesAreInTheOrderOfTheExamples) {
  const Examples examples = classified(200, 1);
  const CalibrationFit fit = fit_calibration(examples);
  ASSERT_EQ(examples.size(), fit.out_of_fold.size());
  for (std::size_t i = 0; i < examples.size(); ++i)
    EXPECT_EQ(examples[i].is_right, fit.out_of_fold[i].is_right) << i;
}

TEST(CalibrationFit, ItsErrorIsSmallWhereTheModelsWasLarge) {
  const Examples examples = classified(4000, 3);
  std::vector<statistics::ScoredAnswer> raw;
  for (const CalibrationExample& example : examples)
    raw.push_back({evaluate({SignalKind::max_prob}, example.evidence).value(), example.is_right});
  EXPECT_GT(statistics::calibration_error(statistics::reliability_bins(raw)), 0.1);
  EXPECT_LT(
      statistics::calibration_error(statistics::reliability_bins(fit_calibration(examples).out_of_fold)),
      0.04);
}

TEST(CalibrationFit, ExamplesWithoutEvidenceAreCountedAndLeftOut) {
  Examples examples = classified(100, 1);
  const double loss =
      loss_of(fit_calibration(examples, {.method = Method::temperature}), Method::temperature);
  examples.insert(examples.begin() + 50, 30, CalibrationExample{{}, true});
  const CalibrationFit fit = fit_calibration(examples, {.method = Method::temperature});
  EXPECT_EQ(30U, fit.left_out);
  EXPECT_EQ(100U, fit.out_of_fold.size());
  EXPECT_EQ(loss, loss_of(fit, Method::temperature));
}

TEST(CalibrationFit, SignalsThatSayNothingAreDropped) {
  Examples examples = generated(300);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    examples[i].evidence.schema_valid = true;                         // the same everywhere
    if (i % 10 == 0) examples[i].evidence.first_token_margin = 0.1F;  // hardly anywhere
  }
  const CalibrationFit fit = fit_calibration(examples, {.method = Method::logistic});
  EXPECT_EQ((std::vector<Signal>{{SignalKind::first_token_margin}, {SignalKind::schema_valid}}), fit.dropped);
  EXPECT_EQ(13U, fit.calibration.signals.size());
  EXPECT_EQ(0U, fit.left_out);
}

TEST(CalibrationFit, ExamplesThatLackAUsualSignalAreLeftOut) {
  Examples examples = generated(300);
  for (std::size_t i = 0; i < examples.size(); ++i)
    if (i % 10 != 0) examples[i].evidence.first_token_margin = static_cast<float>(i) / 300;
  EXPECT_EQ(30U, fit_calibration(examples).left_out);
}

TEST(CalibrationFit, TheGatesSignalIsTheOnlyOne) {
  const CalibrationFit fit = fit_calibration(classified(500, 1), {.signals = {{SignalKind::margin}}});
  EXPECT_EQ((std::vector<Signal>{{SignalKind::margin}}), fit.calibration.signals);
  EXPECT_EQ(2U, fit.losses.size());  // no temperature of a margin, no regression over one signal
}

TEST(CalibrationFit, AMethodThatIsNamedIsTaken) {
  for (const Method method : {Method::temperature, Method::platt, Method::isotonic, Method::logistic})
    EXPECT_EQ(method, fit_calibration(classified(200, 1), {.method = method}).calibration.method());
  EXPECT_NE("", complaint(generated(200), {.method = Method::temperature}));
  EXPECT_NE(
      "", complaint(classified(200, 1), {.method = Method::temperature, .signals = {{SignalKind::margin}}}));
}

TEST(CalibrationFit, TheSeedAloneDecides) {
  const Examples examples = generated(100);
  const CalibrationFit first = fit_calibration(examples), again = fit_calibration(examples);
  EXPECT_EQ(first.out_of_fold, again.out_of_fold);
  EXPECT_NE(first.out_of_fold, fit_calibration(examples, {.seed = 2}).out_of_fold);
}

TEST(CalibrationFit, SaysWhatExamplesLack) {
  EXPECT_EQ("0 examples have evidence, and a calibration needs at least 10, better hundreds; give more lines",
            complaint({}));
  EXPECT_EQ("9 examples have evidence, and a calibration needs at least 10, better hundreds; give more lines",
            complaint(classified(9, 1)));
  EXPECT_EQ(
      "0 of 50 examples have evidence, and a calibration needs at least 10, better hundreds; give more "
      "lines, or a "
      "model that shows its probabilities",
      complaint(Examples(50)));
  Examples examples = classified(50, 1);
  for (CalibrationExample& example : examples) example.is_right = true;
  EXPECT_EQ(
      "all 50 answers are right: nothing shows what wrong ones look like; give more lines, and such as come "
      "in "
      "practice",
      complaint(examples));
  for (CalibrationExample& example : examples) example.is_right = false;
  EXPECT_EQ(0U, complaint(examples).find("all 50 answers are wrong"));
  for (CalibrationExample& example : examples) example.evidence.labels.probabilities = {0.8F, 0.2F};
  examples.front().is_right = true;
  EXPECT_EQ(0U, complaint(examples).find("the evidence is the same in all 50 examples"));
}

TEST(CalibrationFit, FewAndOddExamplesGiveProbabilities) {
  std::vector<Examples> odd;
  odd.push_back(classified(12, 1));
  for (CalibrationExample& example : odd.back()) example.is_right = true;
  odd.back()[5].is_right = false;  // one wrong answer alone
  odd.push_back(classified(40, 1));
  for (CalibrationExample& example : odd.back())  // the evidence decides
    example.is_right = evaluate({SignalKind::max_prob}, example.evidence).value() > 0.7;
  odd.push_back(classified(40, 1));
  for (CalibrationExample& example : odd.back())  // and the wrong way round
    example.is_right = evaluate({SignalKind::max_prob}, example.evidence).value() < 0.7;
  odd.push_back(classified(40, 1));
  for (std::size_t i = 0; i < 40; ++i)  // ties, and labels that are impossible
    odd.back()[i].evidence.labels.probabilities = i < 39 ? std::vector{1.0F, 0.0F} : std::vector{0.5F, 0.5F};
  for (const Examples& examples : odd) {
    for (const Method method : {Method::temperature, Method::platt, Method::isotonic, Method::logistic}) {
      const CalibrationFit fit = fit_calibration(examples, {.method = method});
      for (const auto& answer : fit.out_of_fold)
        EXPECT_TRUE(answer.confidence >= 0 && answer.confidence <= 1) << to_string(method);
      for (const auto& loss : fit.losses) EXPECT_TRUE(std::isfinite(loss.log_loss)) << to_string(method);
      for (const float best : {0.5F, 0.99F, 1.0F}) {
        Evidence evidence;
        evidence.labels.probabilities = {best, 1 - best};
        const double probability = fit.calibration.probability(evidence).value();
        EXPECT_TRUE(probability >= 0 && probability <= 1) << to_string(method);
      }
    }
  }
}

TEST(CalibrationFit, SavedItGivesTheSameProbabilities) {
  const testing::TemporaryFolder folder;
  const Examples examples = generated(300);
  CalibrationFit fit = fit_calibration(examples);
  fit.calibration.bound_to = {{"0123456789abcdef", "Q8_0", "00000000000000aa"}};
  fit.calibration.save(folder / "c.yaml", fit.description("2025-01-31"));
  const Calibration back = Calibration::load(folder / "c.yaml");
  EXPECT_EQ(fit.calibration.bound_to, back.bound_to);
  for (const CalibrationExample& example : examples)
    EXPECT_EQ(fit.calibration.probability(example.evidence), back.probability(example.evidence));
}

TEST(CalibrationFit, DescribesWhatItWasMadeFrom) {
  Examples examples = classified(20, 1);
  for (std::size_t i = 0; i < 20; ++i) examples[i].is_right = i % 4 != 0;
  examples.emplace_back();
  CalibrationFit fit = fit_calibration(examples);
  fit.losses = {{Method::temperature, 0.5}, {Method::platt, 0.61234}};
  fit.calibration.map = TemperatureScaling{};
  EXPECT_EQ(
      "Made by `slm-graph calibrate` on 2025-01-31 from 20 answers, 15 of them right; 1 more had no "
      "evidence.\n"
      "Cross-validated log loss: temperature 0.5000, platt 0.6123; taken: temperature.",
      fit.description("2025-01-31"));
}

}  // namespace
}  // namespace slm
