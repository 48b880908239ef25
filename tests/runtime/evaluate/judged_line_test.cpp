#include "runtime/evaluate/judged_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runtime/evaluate/comparison.h"
#include "runtime/input/line_problems.h"
#include "runtime/output/outcome_json.h"
#include "runtime/trials/labelled_data.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;

InputItem line_with(std::string id_json, std::string label) {
  InputItem line;
  line.id_json = std::move(id_json);
  line.expectation.label = std::move(label);
  return line;
}

WrittenOutcome written(std::string id_json, std::string label) {
  WrittenOutcome outcome{.id_json = std::move(id_json), .outcome = {}};
  outcome.outcome.kind = OutcomeKind::answered;
  outcome.outcome.answer.label = std::move(label);
  return outcome;
}

Outcome rich_outcome() {
  Outcome outcome;
  outcome.kind = OutcomeKind::answered;
  outcome.answer.text = "{\"a\": \"ä\"}";
  outcome.answer.label = "music";
  outcome.answer.tier = "small";
  outcome.answer.confidence = 0.125;
  outcome.reason = "why";
  outcome.latency = std::chrono::microseconds{1500};
  outcome.trace = {{.node = "draft", .prompt_tokens = 5, .generated_tokens = 2, .cost = 0.5, .energy_j = 2},
                   {.node = "gate"},
                   {.node = "expert", .prompt_tokens = 7, .generated_tokens = 1, .cost = 0.25}};
  return outcome;
}

PipelineSpec spec_of_rich() {
  PipelineSpec spec;
  spec.nodes.resize(3);
  spec.nodes[0].name = "draft";
  spec.nodes[0].models = {"small"};
  spec.nodes[1].name = "gate";
  spec.nodes[2].name = "expert";
  spec.nodes[2].models = {"large"};
  return spec;
}

TEST(JudgedLine, OfAWrittenOutcomeIsThatOfTheOutcome) {
  const TemporaryFolder folder;
  Outcome outcome = rich_outcome();
  const Expectation expectation{.answer_json = "{\"a\":\"ä\"}", .outcome = {}, .label = "news"};
  for (const bool is_replayed : {false, true}) {
    if (is_replayed) outcome.trace[2].recorded = std::chrono::milliseconds{40};
    const PipelineSpec spec = spec_of_rich();
    const JudgedLine now = judged(expectation, outcome, {}, &spec);
    EXPECT_EQ(now[Measure::calls], 2);
    EXPECT_EQ(now[Measure::prompt_tokens], 12);
    EXPECT_EQ(now[Measure::latency_ms], is_replayed ? 40 : 1.5);
    EXPECT_EQ(now.is_right, true);
    EXPECT_EQ(now.classes->said, "music");

    const auto file = folder.write("out.jsonl", outcome_json("1.10", outcome, true) + "\n\n");
    const auto read = read_outcomes(file);
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].id_json, "1.10");
    JudgedLine then = judged(expectation, read[0].outcome, {}, nullptr);
    EXPECT_EQ(then[Measure::calls], std::nullopt);
    then.measures[0] = now.measures[0];
    EXPECT_EQ(then.measures, now.measures);
    EXPECT_EQ(then.kind, now.kind);
    EXPECT_EQ(then.tier, "small");
    EXPECT_EQ(then.reason, "why");
    EXPECT_EQ(then.confidence, 0.125);
    EXPECT_EQ(then.is_right, true);
  }
}

TEST(JudgedLine, OfWhatWasNotAnsweredIsOfNoTier) {
  Outcome outcome = rich_outcome();
  outcome.kind = OutcomeKind::failed;
  const JudgedLine line = judged({.answer_json = {}, .outcome = {}, .label = "music"}, outcome, {}, nullptr);
  EXPECT_EQ(line.tier, "");
  EXPECT_EQ(line.is_right, false);
  EXPECT_EQ(line.classes->said, "");
}

TEST(ReadOutcomes, TellsEveryLineThatIsNone) {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "out.jsonl",
      "{\"id\": \"a\", \"outcome\": \"answered\", \"answer\": null, \"label\": null}\n{\"id\": \"b\", "
      "\"outc\n"
      "{\"text\": \"play\"}\n{\"id\": 1, \"outcome\": \"lost\"}\n{\"id\": [], \"outcome\": \"failed\"}\n"
      "{\"id\": 2, \"outcome\": \"failed\", \"latency_ms\": -1}\n{\"outcome\": \"failed\", \"cost\": "
      "\"1\"}\n");
  try {
    read_outcomes(file);
    FAIL();
  } catch (const DataError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find(":1: "), std::string::npos);
    for (const char* told :
         {":2: error: not JSON: at column", ":3: error: no outcome", ":4: error: no outcome",
          ":5: error: `id` must be", ":6: error: `latency_ms` is no number",
          ":7: error: `cost` must be a number, found text"})
      EXPECT_NE(text.find(told), std::string::npos) << told << " in " << text;
  }
  EXPECT_THROW(read_outcomes(folder.write("empty.jsonl", "\n")), DataError);
}

TEST(Matched, PutsOutcomesToTheirLinesInWhateverOrder) {
  const std::vector<InputItem> lines{line_with("\"1\"", "a"), line_with("1", "a"), line_with("\"x\"", "b")};
  const auto found = matched(lines, {written("\"x\"", "b"), written("1", "b"), written("\"1\"", "a")}, {});
  EXPECT_EQ(found.lines[0]->is_right, true) << "the text 1 and the number are two ids";
  EXPECT_EQ(found.lines[1]->is_right, false);
  EXPECT_EQ(found.lines[2]->is_right, true);
  EXPECT_EQ(found.repeated + found.unknown, 0U);
}

TEST(Matched, GuessesNothing) {
  const std::vector<InputItem> lines{line_with("1", "a"), line_with("2", "a"), line_with("2", "a"),
                                     line_with("3", "a"), line_with("4", "a")};
  const auto found = matched(lines,
                             {written("1", "a"), written("1", "a"), written("2", "a"), written("3", "a"),
                              written("9", "a"), written("null", "a")},
                             {});
  EXPECT_EQ(found.repeated, 3U);
  EXPECT_EQ(found.unknown, 2U);
  for (const std::size_t line : {0U, 1U, 2U, 4U}) EXPECT_FALSE(found.lines[line].has_value()) << line;
  EXPECT_TRUE(found.lines[3].has_value());
}

/// What one of the two models that Nie et al. (2024, arXiv 2402.04513) recorded has said.
JudgedLines said_by(const std::string& model, const std::vector<InputItem>& lines) {
  std::vector<WrittenOutcome> outcomes;
  for (const InputItem& line : lines)
    outcomes.push_back(written(
        line.id_json, nlohmann::json::parse(line.request.fields.at("answers")).at(model).get<std::string>()));
  return matched(lines, outcomes, {}).lines;
}

TEST(PublicData, TwoCloudModelsAreAsRightAsTheirAuthorsSay) {
  const char* data = std::getenv("SLM_GRAPH_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "SLM_GRAPH_DATA names no folder with public data";
  const auto lines = read_labelled_data({std::filesystem::path{data} / "isear" / "stream.jsonl"}, {});
  const Comparison found =
      compare(said_by("gpt-3.5-turbo-1106", lines), said_by("llama-2-70b-chat", lines), {.resamples = 200});
  EXPECT_NEAR(found.accuracy->first, 0.703, 5e-4);
  EXPECT_NEAR(found.accuracy->second, 0.682, 5e-4);
  EXPECT_EQ(found.right.only_first, 600U);
  EXPECT_NEAR(found.accuracy->paired.p_value, 6.583313854529868e-07,
              1e-15);  // scipy.stats.binomtest(600, 1039)
}

}  // namespace
}  // namespace slm::runtime
