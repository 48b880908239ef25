#include "models/calibration/calibration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "models/model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

Evidence with_labels(std::vector<float> probabilities) {
  Evidence evidence;
  evidence.labels.probabilities = std::move(probabilities);
  return evidence;
}

Evidence with_tokens(std::vector<float> logprobs) {
  Evidence evidence;
  evidence.token_logprobs = std::move(logprobs);
  return evidence;
}

class CalibrationFile : public ::testing::Test {
 protected:
  Calibration loaded(const std::string& content, const CalibrationUse& use = {}) const {
    return Calibration::load(folder_.write("calibration.yaml", content), use);
  }
  /// What is said of a file, after its name.
  std::string complaint(const std::string& content, const CalibrationUse& use = {}) const {
    try {
      loaded(content, use);
      return "";
    } catch (const ModelError& error) {
      const std::string file = (folder_ / "calibration.yaml").string();
      EXPECT_EQ(0U, std::string{error.what()}.find(file));
      return std::string{error.what()}.substr(file.size());
    }
  }
  Calibration round_trip(const Calibration& calibration) const {
    calibration.save(folder_ / "saved.yaml", "Made by a test.\nTwice.");
    return Calibration::load(folder_ / "saved.yaml");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(CalibrationFile, TemperatureScalesAllLabelProbabilities) {
  const Calibration calibration = loaded("{calibration: 1, temperature: 2}");
  const double a = std::sqrt(0.7), b = std::sqrt(0.2), c = std::sqrt(0.1);
  EXPECT_NEAR(a / (a + b + c), calibration.probability(with_labels({0.2F, 0.7F, 0.1F})).value(), 1e-6);
  // The best label alone does not decide.
  EXPECT_GT(calibration.probability(with_labels({0.7F, 0.3F, 0})).value(),
            calibration.probability(with_labels({0.7F, 0.15F, 0.15F})).value());
}

TEST_F(CalibrationFile, AVeryHighOrLowTemperatureIsNoProblem) {
  for (const char* content : {"{calibration: 1, temperature: 1e-9}", "{calibration: 1, temperature: 1e9}"}) {
    const double probability = loaded(content).probability(with_labels({1, 0, 1e-30F})).value();
    EXPECT_GE(probability, 0.5) << content;
    EXPECT_LE(probability, 1) << content;
  }
}

TEST_F(CalibrationFile, LogisticWeighsSeveralSignals) {
  const Calibration calibration = loaded(
      "{calibration: 1, signals: [mean_logprob, length], logistic: {intercept: 0.5, weights: [2, -0.1]}}");
  const double z = 0.5 + 2 * -0.75 - 0.1 * 2;
  EXPECT_NEAR(1 / (1 + std::exp(-z)), calibration.probability(with_tokens({-0.5F, -1})).value(), 1e-6);
}

TEST_F(CalibrationFile, MissingEvidenceHasNoProbability) {
  for (const char* content :
       {"{calibration: 1, temperature: 2}",
        "{calibration: 1, signal: max_prob, platt: {slope: 1, intercept: 0}}",
        "{calibration: 1, signal: max_prob, isotonic: [[0, 1]]}",
        "{calibration: 1, signals: [length, schema_valid], logistic: {intercept: 0, weights: [1, 1]}}"}) {
    EXPECT_EQ(std::nullopt, loaded(content).probability({})) << content;
    EXPECT_EQ(std::nullopt, loaded(content).probability(with_labels({std::nanf(""), 0}))) << content;
    EXPECT_EQ(std::nullopt, loaded(content).probability(with_tokens({std::nanf("")}))) << content;
  }
}

TEST_F(CalibrationFile, ReadsBackWhatItWrote) {
  const std::vector<CalibrationMap> maps{TemperatureScaling{1.0 / 3}, PlattScaling{4.1, -1e-17},
                                         IsotonicScaling{{{-0.3, 0.1}, {0.2, 0.1}, {0.7, 0.9}}},
                                         LogisticScaling{0.25, {1.5, -1e9}}};
  for (const CalibrationMap& map : maps) {
    Calibration calibration{{{SignalKind::max_prob}}, map, {}};
    if (calibration.method() == CalibrationMethod::logistic)
      calibration.signals = {{SignalKind::quantile_logprob, 0.1}, {SignalKind::schema_valid}};
    const Calibration back = round_trip(calibration);
    EXPECT_EQ(calibration.signals, back.signals);
    EXPECT_TRUE(calibration.map == back.map) << to_string(calibration.method());
  }
}

TEST_F(CalibrationFile, SaysAtItsTopWhatItWasMadeFrom) {
  round_trip({{{SignalKind::max_prob}}, TemperatureScaling{2}, {}});
  EXPECT_EQ("# Made by a test.\n# Twice.\ncalibration: 1\nsignal: max_prob\ntemperature: 2\n",
            testing::text_of_file(folder_ / "saved.yaml"));
}

TEST_F(CalibrationFile, AFileThatCannotBeWrittenStaysAsItWas) {
  const auto file = folder_.write("kept.yaml", "kept");
  std::filesystem::permissions(folder_.path(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const Calibration calibration{{{SignalKind::max_prob}}, TemperatureScaling{2}, {}};
  if (::geteuid() != 0) {
    EXPECT_THROW(calibration.save(file, ""), std::system_error);
    EXPECT_EQ("kept", testing::text_of_file(file));
  }
  std::filesystem::permissions(folder_.path(), std::filesystem::perms::owner_all);
  EXPECT_THROW(calibration.save(folder_ / "absent/file.yaml", ""), std::system_error);
}

const CalibrationBinding kInt8{"0123456789abcdef", "int8", "00000000000000aa"};
const CalibrationBinding kFloat{"fedcba9876543210", "f32", "00000000000000aa"};
const CalibrationBinding kRemote{"a \"model\": #1", "", "00000000000000bb"};

class BoundCalibration : public CalibrationFile {
 protected:
  void SetUp() override { text_ = saved({kInt8}); }
  std::string saved(std::vector<CalibrationBinding> bindings) const {
    Calibration{{{SignalKind::max_prob}}, TemperatureScaling{2}, std::move(bindings)}.save(folder_ / "b", "");
    return testing::text_of_file(folder_ / "b");
  }
  static CalibrationUse use(std::vector<CalibrationBinding> bindings) {
    return {std::nullopt, [bindings = std::move(bindings)] { return bindings; }};
  }

  std::string text_;
};

TEST_F(BoundCalibration, KeepsItsBindings) {
  EXPECT_EQ((std::vector{kInt8, kRemote}), loaded(saved({kInt8, kRemote})).bound_to);
}

TEST_F(BoundCalibration, IsTakenWhereItBelongs) {
  EXPECT_EQ("", complaint(text_, use({kInt8})));
  EXPECT_EQ("", complaint(saved({kFloat, kInt8}), use({kInt8})));
  EXPECT_EQ("", complaint(text_, use({})));
}

TEST_F(BoundCalibration, IsRefusedElsewhereWithPlaceAndRemedy) {
  EXPECT_EQ(
      ":3:3: it was fitted for model `0123456789abcdef` (int8) with prompt `00000000000000aa`, and now there "
      "is model "
      "`fedcba9876543210` (f32) with prompt `00000000000000aa`; run `slm-graph calibrate` again",
      complaint(text_, use({kFloat})));
  CalibrationBinding asked_otherwise = kInt8;
  asked_otherwise.prompt = "00000000000000bb";
  EXPECT_NE("", complaint(text_, use({asked_otherwise})));
}

TEST_F(BoundCalibration, EveryModelBeforeTheGateMustBeIncluded) {
  EXPECT_NE("", complaint(text_, use({kInt8, kFloat})));
  EXPECT_EQ("", complaint(saved({kFloat, kInt8}), use({kInt8, kFloat})));
}

TEST_F(BoundCalibration, AHandWrittenFileBelongsAnywhereAndReadsNoModel) {
  const CalibrationUse use{std::nullopt, []() -> std::vector<CalibrationBinding> {
                             ADD_FAILURE() << "model files were read";
                             return {};
                           }};
  EXPECT_EQ("", complaint("{calibration: 1, signal: max_prob, platt: {slope: 1, intercept: 0}}", use));
}

TEST_F(CalibrationFile, TheGatesSignalMustBeItsOwn) {
  const CalibrationUse margin{Signal{SignalKind::margin}, {}};
  EXPECT_EQ("", complaint("{calibration: 1, signal: margin, platt: {slope: 1, intercept: 0}}", margin));
  EXPECT_EQ(":1:26: it was fitted for `max_prob`; expected the signal of the gate, `margin`",
            complaint("{calibration: 1, signal: max_prob, platt: {slope: 1, intercept: 0}}", margin));
  EXPECT_EQ(
      ":1:27: it was fitted for `margin`, `entropy`; expected the signal of the gate, `margin`",
      complaint("{calibration: 1, signals: [margin, entropy], logistic: {intercept: 0, weights: [1, 1]}}",
                margin));
  EXPECT_EQ(":1:1: it was fitted for `max_prob`; expected the signal of the gate, `margin`",
            complaint("{calibration: 1, temperature: 2}", margin));
}

TEST_F(CalibrationFile, SaysWhatIsWrongAndWhere) {
  for (const auto& [content, expected] : std::vector<std::pair<std::string, std::string>>{
           {"calibration: 1\ntemperatur: 2", ":2:1: unknown key `temperatur`"},
           {"{calibration: 1, signal: margin, temperature: 2}", ":1:26: `temperature` scales"},
           {"{calibration: 1, temperature: 0}", ":1:31: `temperature` is `0`; expected"},
           {"{calibration: 1, temperature: 2, isotonic: [[0, 1]]}", ":1:1: it has both"},
           {"{calibration: 1, signal: margin, signals: [margin], isotonic: [[0, 1]]}", ":1:43: it has both"},
           {"{calibration: 1, isotonic: [[0, 1]]}", ":1:1: it lacks `signal`"},
           {"{calibration: 1, signal: max_porb, isotonic: [[0, 1]]}", ":1:26: there is no signal `max_porb`"},
           {"{calibration: 1, signals: [margin, entropy], isotonic: [[0, 1]]}", ":1:27: here are 2 signals"},
           {"{calibration: 1, signals: [margin], logistic: {intercept: 0, weights: [1, 2]}}",
            ":1:27: here are 1 signals"},
           {"{calibration: 1, signals: [], logistic: {intercept: 0, weights: []}}", ":1:65: `weights` is no"},
           {"{calibration: 1, signals: margin, logistic: {intercept: 0, weights: [1]}}",
            ":1:27: `signals` is no"},
           {"{calibration: 1, bound_to: x, temperature: 2}", ":1:28: `bound_to` is no mapping"},
           {"{calibration: 1, bound_to: {model: x, prompt: y}, temperature: 2}",
            ":1:28: it lacks `quantisation`"}})
    EXPECT_EQ(0U, complaint(content).find(expected)) << content << complaint(content);
}

}  // namespace
}  // namespace slm
