#include "nodes/gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/model.h"
#include "tests/nodes/no_models.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

constexpr std::size_t kAccept = 0, kReject = 1, kEscalate = 2;

GateOptions options(const char* signal) {
  GateOptions options;
  options.confidence.signal = SignalOption::parse(signal);
  options.accept.emplace().to.index = kAccept;
  options.accept->at_least = 0.8;
  options.reject.emplace().to.index = kReject;
  options.reject->at_least = 0.9;
  options.reject->label = PlacedText{"out_of_scope", {}};
  options.escalate.to.index = kEscalate;
  return options;
}

Message labelled(const std::string& label, float probability) {
  Message message;
  message.answer.label = label;
  message.answer.evidence.labels.probabilities = {probability, 1 - probability};
  return message;
}

std::size_t exit_of(const GateOptions& options, Message message) {
  return GateNode{options, NoModels{}}.process(message).port();
}

TEST(Gate, AcceptsAtTheBarAndAbove) {
  EXPECT_EQ(kAccept, exit_of(options("max_prob"), labelled("music", 0.81F)));
  EXPECT_EQ(kEscalate, exit_of(options("max_prob"), labelled("music", 0.79F)));
}

TEST(Gate, RejectsOnlyTheLabelNamed) {
  EXPECT_EQ(kReject, exit_of(options("max_prob"), labelled("out_of_scope", 0.95F)));
  EXPECT_EQ(kAccept, exit_of(options("max_prob"), labelled("music", 0.95F)));
}

TEST(Gate, EscalatesWhenEvidenceIsMissing) {
  EXPECT_EQ(kEscalate, exit_of(options("min_token_prob"), labelled("out_of_scope", 1)));
  GateOptions open = options("min_token_prob");
  open.accept->at_least = 0;
  EXPECT_EQ(kEscalate, exit_of(open, labelled("music", 1)));
}

TEST(Gate, EscalatesWhenEvidenceIsNotANumber) {
  EXPECT_EQ(kEscalate, exit_of(options("max_prob"), labelled("music", std::nanf(""))));
}

TEST(Gate, RecordsTheConfidenceItDecidedBy) {
  Message message = labelled("music", 0.75F);
  GateNode{options("margin"), NoModels{}}.process(message);
  EXPECT_NEAR(0.5, message.answer.confidence.value(), 1e-6);
}

class CalibratedGate : public ::testing::Test {
 protected:
  GateOptions calibrated(const std::string& content) {
    GateOptions result = options("max_prob");
    result.confidence.calibration = FilePath{folder_.write("calibration.yaml", content), {}};
    return result;
  }
  double confidence(const std::string& content, float signal) {
    Message message = labelled("music", signal);
    GateNode{calibrated(content), NoModels{}}.process(message);
    return message.answer.confidence.value();
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(CalibratedGate, AppliesPlattScaling) {
  EXPECT_NEAR(1 / (1 + std::exp(-(4 * 0.75 - 2))),
              confidence("{calibration: 1, signal: max_prob, platt: {slope: 4, intercept: -2}}", 0.75F),
              1e-6);
}

TEST_F(CalibratedGate, AppliesIsotonicPoints) {
  const std::string points =
      "{calibration: 1, signal: max_prob, isotonic: [[0.5, 0.2], [0.7, 0.6], [0.9, 0.8]]}";
  EXPECT_NEAR(0.2, confidence(points, 0.5F), 1e-6);
  EXPECT_NEAR(0.4, confidence(points, 0.6F), 1e-5);
  EXPECT_NEAR(0.8, confidence(points, 0.99F), 1e-6);
}

TEST_F(CalibratedGate, TakesTheCalibrationsSignalWhereItHasNone) {
  GateOptions options = calibrated("{calibration: 1, temperature: 2}");
  options.confidence.signal.reset();
  Message message = labelled("music", 0.8F);
  GateNode{options, NoModels{}}.process(message);
  EXPECT_NEAR(2.0 / 3, message.answer.confidence.value(), 1e-6);
}

TEST_F(CalibratedGate, EscalatesWhenOneSignalOfSeveralIsMissing) {
  GateOptions options = calibrated(
      "{calibration: 1, signals: [max_prob, schema_valid], logistic: {intercept: 9, weights: [1, 1]}}");
  options.confidence.signal.reset();
  Message message = labelled("music", 0.9F);
  EXPECT_EQ(kEscalate, exit_of(options, message));
  message.answer.evidence.schema_valid = true;
  EXPECT_EQ(kAccept, exit_of(options, message));
}

TEST_F(CalibratedGate, RefusesFilesThatCannotBeMeant) {
  for (const char* content :
       {"", "[1, 2]", "{calibration: 2, signal: max_prob, platt: {slope: 1, intercept: 0}}",
        "{calibration: 1, signal: margin, platt: {slope: 1, intercept: 0}}",
        "{calibration: 1, signal: max_prob}",
        "{calibration: 1, signal: max_prob, platt: {slope: .inf, intercept: 0}}",
        "{calibration: 1, signal: max_prob, isotonic: []}",
        "{calibration: 1, signal: max_prob, isotonic: [[0.5, 0.9], [0.7, 0.6]]}",
        "{calibration: 1, signal: max_prob, isotonic: [[0.5, 1.9]]}",
        "{calibration: 1, signal: max_prob, isotonic: [x"})
    EXPECT_THROW((GateNode{calibrated(content), NoModels{}}), ModelError) << content;
}

}  // namespace
}  // namespace slm
