#include "runtime/evaluate/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "statistics/binomial.h"
#include "statistics/bootstrap.h"
#include "tests/runtime/evaluate/made_lines.h"

namespace slm::runtime {
namespace {

using testing::made_line;
using testing::made_lines;

const std::vector<std::string> kModels{"nano", "small", "large"};

/// Lines in which everything varies.
JudgedLines mixed_lines(std::size_t count) {
  std::mt19937 random{1};
  JudgedLines lines;
  for (std::size_t i = 0; i < count; ++i) {
    JudgedLine line = made_line(random() % 4 != 0, kModels[random() % 2]);
    if (random() % 10 == 0) line.is_right.reset();
    if (random() % 7 == 0) line.kind = OutcomeKind::rejected;
    if (random() % 9 == 0) {
      line.kind = random() % 2 == 0 ? OutcomeKind::failed : OutcomeKind::abstained;
      line.is_right = false;
      line.tier.clear();
      line.reason = random() % 3 == 0 ? "no luck" : "no answer";
    }
    if (random() % 5 != 0) line.confidence = static_cast<double>(random() % 1000) / 1000;
    const std::string labels[] = {"", "a", "b", "c"};
    line.classes = Classes{labels[1 + random() % 2], labels[random() % 4]};
    for (auto& measure : line.measures) measure = static_cast<double>(random() % 500) / 10;
    lines.push_back(std::move(line));
    if (random() % 8 == 0) lines.emplace_back();
  }
  return lines;
}

template <class Is>
std::size_t count_of(const JudgedLines& lines, const Is& is) {
  std::size_t count = 0;
  for (const auto& line : lines)
    if (line && is(*line)) ++count;
  return count;
}

TEST(Evaluation, CountsAsCountingDoes) {
  const JudgedLines lines = mixed_lines(400);
  const Evaluation found = evaluate(lines, kModels, {.confidence = 0.9});
  EXPECT_EQ(found.lines, 400U);
  EXPECT_EQ(found.accuracy.part, count_of(lines, [](const auto& line) { return line.is_right == true; }));
  EXPECT_EQ(found.accuracy.whole,
            count_of(lines, [](const auto& line) { return line.is_right.has_value(); }));
  EXPECT_EQ(found.accuracy.interval,
            statistics::binomial::interval(found.accuracy.part, found.accuracy.whole, 0.9));
  ASSERT_EQ(found.kinds.size(), 5U);
  std::size_t all = 0;
  for (const Ended& kind : found.kinds) {
    const auto is = [&](const JudgedLine& line) { return to_string(line.kind) == kind.how; };
    EXPECT_EQ(kind.share.part, count_of(lines, is));
    EXPECT_EQ(kind.share.whole, 400U);
    EXPECT_EQ(kind.accuracy.part,
              count_of(lines, [&](const auto& line) { return is(line) && line.is_right == true; }));
    all += kind.share.part;
  }
  EXPECT_EQ(all, 400U);
  ASSERT_EQ(found.tiers.size(), 3U);
  for (std::size_t tier = 0; tier < 3; ++tier) {
    EXPECT_EQ(found.tiers[tier].how, kModels[tier]);
    const auto is = [&](const JudgedLine& line) { return line.tier == kModels[tier]; };
    EXPECT_EQ(found.tiers[tier].share.part, count_of(lines, is));
    EXPECT_EQ(found.tiers[tier].accuracy.whole,
              count_of(lines, [&](const auto& line) { return is(line) && line.is_right; }));
  }
  EXPECT_EQ(found.tiers[2].accuracy.rate(), std::nullopt);
}

TEST(Evaluation, MeansAndQuantilesAreThoseOfTheSortedValues) {
  const JudgedLines lines = mixed_lines(301);
  const Evaluation found = evaluate(lines, kModels, {});
  for (const Measure measure : kMeasures) {
    std::vector<double> values;
    for (const auto& line : lines)
      if (line) values.push_back(*(*line)[measure]);
    const auto& mean = found.means[static_cast<std::size_t>(measure)].value();
    EXPECT_NEAR(mean.value, std::accumulate(values.begin(), values.end(), 0.0) / 301, 1e-9);
    EXPECT_EQ(mean.interval, statistics::bootstrap_mean(values, {.resamples = 2000}));
    if (measure != Measure::latency_ms) continue;
    std::sort(values.begin(), values.end());
    EXPECT_EQ(found.latency_ms[0].value, values[150]);
    EXPECT_EQ(found.latency_ms[1].value, values[270]);
    EXPECT_EQ(found.latency_ms[2].value, values[297]);
    EXPECT_LT(found.latency_ms[1].interval.low, values[270]);
    EXPECT_GT(found.latency_ms[1].interval.high, values[270]);
  }
}

TEST(Evaluation, PrecisionAndRecallAreThoseOfEachLabelByItself) {
  const JudgedLines lines = mixed_lines(300);
  const Evaluation found = evaluate(lines, kModels, {});
  ASSERT_EQ(found.labels.size(), 3U);
  EXPECT_GE(found.labels[0].expected, found.labels[1].expected);
  EXPECT_EQ(found.labels[2].label, "c");
  EXPECT_EQ(found.labels[2].recall(), std::nullopt) << "nobody expects it";
  EXPECT_EQ(found.labels[2].f1(), 0);
  double f1 = 0;
  for (const LabelFigures& label : found.labels) {
    const auto expected = [&](const JudgedLine& line) { return line.classes->expected == label.label; };
    const auto said = [&](const JudgedLine& line) { return line.classes->said == label.label; };
    const auto both =
        static_cast<double>(count_of(lines, [&](const auto& line) { return expected(line) && said(line); }));
    EXPECT_DOUBLE_EQ(label.precision().value(), both / static_cast<double>(count_of(lines, said)));
    if (label.label == "c") continue;
    const double precision = label.precision().value(), recall = label.recall().value();
    EXPECT_DOUBLE_EQ(recall, both / static_cast<double>(count_of(lines, expected)));
    EXPECT_NEAR(label.f1(), 2 * precision * recall / (precision + recall), 1e-12);
    f1 += label.f1() / 2;
  }
  EXPECT_NEAR(found.macro_f1.value(), f1, 1e-12);
}

TEST(Evaluation, LabelsAreLeftOutWhereNothingGivesAny) {
  JudgedLines lines = made_lines(10, 0.5, 1);
  for (auto& line : lines) line->classes = Classes{"music", ""};
  EXPECT_TRUE(evaluate(lines, {}, {}).labels.empty());
  EXPECT_EQ(evaluate(lines, {}, {}).macro_f1, std::nullopt);
  lines.front()->classes->said = "music";
  EXPECT_EQ(evaluate(lines, {}, {}).labels.size(), 1U);
}

TEST(Evaluation, TheCalibrationErrorIsOfWhatIsJudgedAndAProbability) {
  JudgedLines lines;
  for (int i = 0; i < 100; ++i) {
    lines.push_back(made_line(i % 2 == 0));
    lines.back()->confidence = 0.9;
  }
  EXPECT_NEAR(evaluate(lines, {}, {}).calibration_error.value(), 0.4, 1e-12);
  lines.push_back(made_line(true));
  lines.push_back(made_line(std::nullopt));
  lines.back()->confidence = 0.1;
  lines.push_back(made_line(false));
  lines.back()->kind = OutcomeKind::abstained;
  lines.back()->confidence = 0.1;
  EXPECT_EQ(evaluate(lines, {}, {}).confidences.size(), 100U);
  lines.front()->confidence = -0.3;  // as of a log-probability
  EXPECT_EQ(evaluate(lines, {}, {}).calibration_error, std::nullopt);
}

TEST(Evaluation, AllRightAndAllWrongAreNoPoints) {
  const Evaluation right = evaluate(made_lines(10, 1, 1), {}, {});
  EXPECT_EQ(right.accuracy.rate(), 1);
  EXPECT_NEAR(right.accuracy.interval.low, std::pow(0.025, 0.1), 1e-9);
  EXPECT_EQ(evaluate(made_lines(10, 0, 1), {}, {}).accuracy.interval.low, 0);
}

TEST(Evaluation, WhatIsAlikeOnAllLinesIsKnown) {
  JudgedLines lines = made_lines(20, 0.5, 1);
  for (auto& line : lines) line->measures.fill(1);
  const Estimate calls = evaluate(lines, {}, {}).means[0].value();
  EXPECT_EQ(calls.interval, (statistics::Interval{1, 1})) << "an amount is no rate";
  lines.front()->measures.front().reset();
  EXPECT_FALSE(evaluate(lines, {}, {}).means[0].has_value()) << "not known of all";
}

TEST(Evaluation, NothingRanIsNoMistake) {
  const Evaluation found = evaluate(JudgedLines(5), kModels, {});
  EXPECT_EQ(found.lines, 0U);
  EXPECT_EQ(found.accuracy.rate(), std::nullopt);
  EXPECT_FALSE(found.means[0].has_value());
  EXPECT_EQ(found.calibration_error, std::nullopt);
}

TEST(Evaluation, TellsWhyLinesFailed) {
  const Evaluation found = evaluate(mixed_lines(400), kModels, {});
  ASSERT_EQ(found.reasons.size(), 2U);
  EXPECT_EQ(found.reasons[0].first, "no answer");
  EXPECT_EQ(found.reasons[0].second + found.reasons[1].second,
            found.kinds[static_cast<std::size_t>(OutcomeKind::failed)].share.part);
}

}  // namespace
}  // namespace slm::runtime
