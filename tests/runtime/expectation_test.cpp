#include <gtest/gtest.h>

#include "runtime/report/expectation.h"
#include "runtime/report/summary.h"

namespace slm::runtime {
namespace {

Outcome outcome(OutcomeKind kind, std::string text, std::string label = "") {
  Outcome result;
  result.kind = kind;
  result.answer.text = std::move(text);
  result.answer.label = std::move(label);
  return result;
}

Expectation answer(std::string json) {
  return {.answer_json = std::move(json), .outcome = std::nullopt, .label = std::nullopt};
}

TEST(Expectation, WhatIsNotExpectedIsNotJudged) {
  EXPECT_EQ(is_right({}, outcome(OutcomeKind::failed, "")), std::nullopt);
}

TEST(Expectation, JsonIsComparedAsJson) {
  const auto expected = answer(R"({"intent": "Play", "slots": {"a": 1, "b": 2}})");
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, R"( {"slots":{"b":2,"a":1},"intent":"Play"})")),
            true);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, R"({"slots":{"b":2,"a":3},"intent":"Play"})")),
            false);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "{")), false);
}

TEST(Expectation, TextIsComparedAsText) {
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, " yes\n")), true);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "\"yes\"")), true);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "no")), false);
  EXPECT_EQ(is_right(answer("\"music\""), outcome(OutcomeKind::answered, "", "music")), true)
      << "a pipeline that only classifies answers with its label";
}

TEST(Expectation, OnlyWhatIsAnsweredCanHaveTheExpectedAnswer) {
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::abstained, "yes")), false);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::expired, "yes")), false);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::rejected, "yes")), false);
}

TEST(Expectation, AnExpectedRejectionIsRightIfRejected) {
  Expectation expected;
  expected.outcome = OutcomeKind::rejected;
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::rejected, "")), true);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "x")), false);
}

TEST(Expectation, LabelsAreComparedWhereNoAnswerIsExpected) {
  Expectation expected;
  expected.label = "music";
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "", "music")), true);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::rejected, "", "music")), true);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "", "weather")), false);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::abstained, "", "music")), false);
  expected.answer_json = "\"done\"";
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "done", "weather")), true);
}

TEST(Judging, ExactIsToTheLastByte) {
  const Judging exact{.match = Judging::Match::exact, .member = ""};
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "yes"), exact), true);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "yes\n"), exact), false);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "\"yes\""), exact), false);
  EXPECT_EQ(is_right(answer("{\"a\":1}"), outcome(OutcomeKind::answered, "{ \"a\": 1 }"), exact), true);
}

TEST(Judging, JsonIsReadOnBothSides) {
  const Judging json{.match = Judging::Match::json, .member = ""};
  EXPECT_EQ(
      is_right(answer(R"("{\"b\": 2, \"a\": 1}")"), outcome(OutcomeKind::answered, R"({"a":1,"b":2})"), json),
      true);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, " \"yes\" "), json), true);
  EXPECT_EQ(is_right(answer("\"yes\""), outcome(OutcomeKind::answered, "yes"), json), false);
}

TEST(Judging, ByLabelLooksAtNoAnswer) {
  const Judging label{.match = Judging::Match::label, .member = ""};
  Expectation expected = answer("\"done\"");
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "done", "music"), label), std::nullopt);
  expected.label = "music";
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "wrong", "music"), label), true);
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "done", "weather"), label), false);
}

TEST(Judging, ByMemberLooksAtNothingElse) {
  const Judging intent{.match = {}, .member = "intent"}, city{.match = {}, .member = "slots.city"};
  const auto expected = answer(R"({"intent": "Play", "slots": {"city": "Rome"}})");
  const auto said = [](const char* json) { return outcome(OutcomeKind::answered, json); };
  EXPECT_EQ(is_right(expected, said(R"({"intent":"Play"})"), intent), true);
  EXPECT_EQ(is_right(expected, said(R"({"intent":"Stop","slots":{"city":"Rome"}})"), intent), false);
  EXPECT_EQ(is_right(expected, said(R"({"intent":"Stop","slots":{"city":"Rome"}})"), city), true);
  for (const char* json : {R"({"slots.city":"Rome"})", R"({"slots":"Rome"})", "{}", "Rome", ""})
    EXPECT_EQ(is_right(expected, said(json), city), false) << json;
  EXPECT_EQ(is_right(answer("\"Play\""), said("{}"), intent), std::nullopt) << "it has no such member";
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::abstained, R"({"intent":"Play"})"), intent), false);
  const auto told = classes(expected, said(R"({"intent":"Stop"})"), intent);
  EXPECT_EQ(told->expected, "Play");
  EXPECT_EQ(told->said, "Stop");
}

TEST(Judging, HowALineEndsCountsOnlyWhereItsAnswerDoesNot) {
  const Judging intent{.match = {}, .member = "intent"};
  Expectation expected = answer("\"no object\"");
  expected.outcome = OutcomeKind::answered;
  EXPECT_EQ(is_right(expected, outcome(OutcomeKind::answered, "x"), intent), std::nullopt);
  Expectation rejected;
  rejected.outcome = OutcomeKind::rejected;
  EXPECT_EQ(is_right(rejected, outcome(OutcomeKind::rejected, ""), intent), true);
  EXPECT_EQ(is_right(rejected, outcome(OutcomeKind::answered, "{}"), intent), false);
}

TEST(Judging, AnAnswerMayNestAsDeepAsItLikes) {
  const std::string deep(1'000'000, '[');
  const Judging intent{.match = {}, .member = "intent"};
  EXPECT_EQ(
      is_right(answer("{\"intent\": 1}"), outcome(OutcomeKind::answered, "{\"intent\":" + deep), intent),
      false);
  EXPECT_EQ(is_right(answer("[]"), outcome(OutcomeKind::answered, deep + std::string(1'000'000, ']'))),
            false);
}

TEST(Summary, OutcomesBelongToTheLastTierAndTokensToWhoTookThem) {
  PipelineSpec spec;
  spec.models = {{.name = "small"}, {.name = "medium"}};
  spec.nodes.resize(2);
  spec.nodes[0].name = "draft";
  spec.nodes[0].models = {"small"};
  spec.nodes[1].name = "expert";
  spec.nodes[1].models = {"medium"};
  Summary summary{spec};

  auto escalated = outcome(OutcomeKind::answered, "yes");
  escalated.answer.tier = "medium";
  escalated.trace = {{.node = "draft", .prompt_tokens = 5, .generated_tokens = 2},
                     {.node = "expert", .prompt_tokens = 5, .generated_tokens = 3}};
  summary.add(escalated, answer("\"yes\""));
  auto abstained = outcome(OutcomeKind::abstained, "hm");
  abstained.answer.tier = "medium";
  summary.add(abstained, answer("\"no\""));

  ASSERT_EQ(summary.tiers().size(), 2U);
  const auto& small = summary.tiers()[0];
  const auto& medium = summary.tiers()[1];
  EXPECT_EQ(small.answered, 0U);
  EXPECT_EQ(small.generated_tokens, 2U);
  EXPECT_EQ(medium.answered, 1U);
  EXPECT_EQ(medium.generated_tokens, 3U);
  EXPECT_EQ(medium.accuracy.judged, 1U) << "what was abstained was not answered by anybody";
  EXPECT_EQ(summary.accuracy().judged, 2U);
  EXPECT_EQ(summary.accuracy().right, 1U);
  EXPECT_EQ(summary.count(OutcomeKind::abstained), 1U);
}

TEST(Summary, WhatNeverRanHasNoLatency) {
  Summary summary{PipelineSpec{}};
  auto slow = outcome(OutcomeKind::answered, "yes");
  slow.latency = std::chrono::seconds{1};
  summary.add(slow, {});
  for (int i = 0; i < 9; ++i) summary.add_unread(outcome(OutcomeKind::failed, ""), answer("\"yes\""));
  EXPECT_EQ(summary.total(), 10U);
  EXPECT_EQ(summary.count(OutcomeKind::failed), 9U);
  EXPECT_EQ(summary.accuracy().judged, 9U);
  EXPECT_EQ(summary.latencies().count(), 1U);
  EXPECT_GT(summary.latencies().at(0.5), std::chrono::milliseconds{990});
}

}  // namespace
}  // namespace slm::runtime
