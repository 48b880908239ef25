#include "evidence/signals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace slm {
namespace {

Evidence with_labels(std::vector<float> probabilities) {
  Evidence evidence;
  evidence.labels.probabilities = std::move(probabilities);
  return evidence;
}

Evidence with_tokens(std::vector<float> probabilities) {
  Evidence evidence;
  for (const float p : probabilities) evidence.token_logprobs.push_back(std::log(p));
  return evidence;
}

double value(SignalKind kind, const Evidence& evidence, double quantile = 0) {
  return evaluate({kind, quantile}, evidence).value();
}

TEST(Signals, MaxProbIsTheLargestLabelProbability) {
  EXPECT_FLOAT_EQ(0.7F, static_cast<float>(value(SignalKind::max_prob, with_labels({0.2F, 0.7F, 0.1F}))));
}

TEST(Signals, MarginIsTheDistanceToTheSecond) {
  EXPECT_NEAR(0.5, value(SignalKind::margin, with_labels({0.2F, 0.7F, 0.1F})), 1e-6);
  EXPECT_NEAR(0.5, value(SignalKind::margin, with_labels({0.7F, 0.2F, 0.1F})), 1e-6);
  EXPECT_NEAR(0, value(SignalKind::margin, with_labels({0.5F, 0.5F})), 1e-6);
}

TEST(Signals, EntropyIsOneWhenCertainAndZeroWhenUniform) {
  EXPECT_NEAR(1, value(SignalKind::entropy, with_labels({0, 1, 0})), 1e-6);
  EXPECT_NEAR(0, value(SignalKind::entropy, with_labels({0.25F, 0.25F, 0.25F, 0.25F})), 1e-6);
}

TEST(Signals, LogOddsTellApartWhatIsNearlyCertain) {
  EXPECT_NEAR(std::log(0.7 / 0.3), value(SignalKind::log_odds, with_labels({0.2F, 0.7F, 0.1F})), 1e-6);
  EXPECT_NEAR(std::log(1e8), value(SignalKind::log_odds, with_labels({1, 1e-8F})), 1e-3);
  EXPECT_NEAR(std::log(1e9), value(SignalKind::log_odds, with_labels({1, 0})), 1e-6);
  EXPECT_NEAR(-std::log(1e3), value(SignalKind::log_odds, with_labels(std::vector<float>(1001, 1 / 1001.0F))),
              1e-3);
}

TEST(Signals, LengthCountsTheTokens) {
  EXPECT_EQ(3, value(SignalKind::length, with_tokens({0.9F, 0.5F, 0.8F})));
}

TEST(Signals, OneLabelIsCertain) {
  EXPECT_EQ(1, value(SignalKind::entropy, with_labels({1})));
}

TEST(Signals, TokenSignalsReadTheLogProbabilities) {
  const Evidence evidence = with_tokens({0.9F, 0.5F, 0.8F});
  EXPECT_NEAR(0.5, value(SignalKind::min_token_prob, evidence), 1e-6);
  EXPECT_NEAR((std::log(0.9) + std::log(0.5) + std::log(0.8)) / 3, value(SignalKind::mean_logprob, evidence),
              1e-6);
}

TEST(Signals, QuantilesInterpolateBetweenTokens) {
  const Evidence evidence = with_tokens({0.9F, 0.5F, 0.8F});
  EXPECT_NEAR(std::log(0.5), value(SignalKind::quantile_logprob, evidence, 0), 1e-6);
  EXPECT_NEAR(std::log(0.8), value(SignalKind::quantile_logprob, evidence, 0.5), 1e-6);
  EXPECT_NEAR((std::log(0.5) + std::log(0.8)) / 2, value(SignalKind::quantile_logprob, evidence, 0.25), 1e-6);
  EXPECT_NEAR(std::log(0.9), value(SignalKind::quantile_logprob, evidence, 1), 1e-6);
}

TEST(Signals, MissingEvidenceHasNoValue) {
  for (const char* name :
       {"max_prob", "log_odds", "length", "margin", "entropy", "min_token_prob", "mean_logprob",
        "quantile_logprob(0.5)", "first_token_margin", "schema_valid", "agreement", "self_consistency(5)"})
    EXPECT_FALSE(evaluate(parse_signal(name).value(), Evidence{})) << name;
}

TEST(Signals, SchemaValidIsOneOrZero) {
  Evidence evidence;
  evidence.schema_valid = true;
  EXPECT_EQ(1, value(SignalKind::schema_valid, evidence));
  evidence.schema_valid = false;
  EXPECT_EQ(0, value(SignalKind::schema_valid, evidence));
}

TEST(Signals, AgreementIsOneOrZero) {
  Evidence evidence;
  evidence.agreement = true;
  EXPECT_EQ(1, value(SignalKind::agreement, evidence));
  evidence.agreement = false;
  EXPECT_EQ(0, value(SignalKind::agreement, evidence));
}

TEST(Signals, SelfConsistencyIsTheShareOfAsManySamples) {
  Evidence evidence;
  evidence.sample_votes = {4, 3};
  EXPECT_EQ(0.75, evaluate(parse_signal("self_consistency(4)").value(), evidence));
  EXPECT_FALSE(evaluate(parse_signal("self_consistency(5)").value(), evidence));
}

TEST(Signals, NamesReadBackAsTheyWereWritten) {
  for (const char* name :
       {"max_prob", "log_odds", "length", "margin", "entropy", "min_token_prob", "mean_logprob",
        "quantile_logprob(0.25)", "first_token_margin", "schema_valid", "agreement", "self_consistency(5)"})
    EXPECT_EQ(name, to_string(parse_signal(name).value()));
}

TEST(Signals, NamesThatAreNoSignalsAreRefused) {
  for (const char* name :
       {"", "max", "max_prob()", "max_prob(0.5)", "quantile_logprob", "quantile_logprob()",
        "quantile_logprob(2)", "quantile_logprob(nan)", "agreement(2)", "self_consistency",
        "self_consistency()", "self_consistency(0)", "self_consistency(65)", "self_consistency(-1)",
        "self_consistency(2.5)", "quantile_logprob(0.5", "quantile_logprob(0.5))"})
    EXPECT_FALSE(parse_signal(name)) << name;
}

}  // namespace
}  // namespace slm
