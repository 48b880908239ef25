#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kSorter = R"(pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm, price: { call: 0.5 } }
nodes:
  sort: { type: classify, model: nano, to: gate }
  gate:
    type: gate
    confidence: { signal: max_prob }
    accept: { at_least: 0 }
)";

/// As the sorter, and wrong wherever a request says `mislead`.
constexpr const char* kMisled = R"(pipeline: sorter
version: 1
entry: way
models:
  nano: { backend: ngram, file: nano.slm, price: { call: 0.5 } }
nodes:
  way: { type: route, by: fields.mislead, cases: { "yes": misled, "no": sort } }
  misled: { type: classify, model: nano, prompt: "play some jazz", to: gate }
  sort: { type: classify, model: nano, to: gate }
  gate:
    type: gate
    confidence: { signal: max_prob }
    accept: { at_least: 0 }
)";

constexpr const char* kHold = R"(pipeline: holder
version: 1
entry: wait
nodes:
  wait: { type: hold, release: release }
)";

/// Requests that the model gets right, but for the last one, which it gets wrong.
std::string requests(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const bool is_music = i % 2 == 0;
    lines += Json{{"id", std::string{"r"}.append(std::to_string(i))},
                  {"text", is_music ? "play some jazz" : "will it rain tomorrow"},
                  {"label", is_music != (i + 1 == count) ? "music" : "weather"},
                  {"mislead", is_music ? "no" : "yes"}}
                 .dump() +
             "\n";
  }
  return lines;
}

class EvaluateCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    pipeline_ = folder_.write("sorter.yaml", kSorter);
    data_ = folder_.write("data.jsonl", requests(40));
  }

  /// What it prints with --json.
  Json evaluated(std::vector<std::string> arguments, int exit_code = 0) const {
    arguments.insert(arguments.begin(), "evaluate");
    arguments.insert(arguments.end(), {"--json", "--quiet"});
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    return Json::parse(ended.out);
  }

  /// That it is refused, and what it says.
  std::string refused(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "evaluate");
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_EQ(ended.out, "");
    return ended.err;
  }

  TemporaryFolder folder_;
  std::string pipeline_;
  std::string data_;
};

TEST_F(EvaluateCommand, MeasuresAPipeline) {
  const Json found = evaluated({pipeline_, "--data", data_});
  EXPECT_EQ(found["name"], "sorter");
  EXPECT_EQ(found["data"], "40 lines of data.jsonl");
  EXPECT_EQ(found["lines"], 40);
  EXPECT_EQ(found["accuracy"]["right"], 39);
  EXPECT_EQ(found["accuracy"]["judged"], 40);
  EXPECT_EQ(found["tiers"][0]["tier"], "nano");
  EXPECT_EQ(found["tiers"][0]["lines"], 40);
  EXPECT_EQ(found["a_line"]["calls"]["value"], 1);
  EXPECT_EQ(found["a_line"]["cost"]["value"], 0.5);
  EXPECT_GT(found["latency_ms"]["p50"]["value"], 0);
  EXPECT_LE(found["latency_ms"]["p50"]["low"], found["latency_ms"]["p50"]["high"]);
  EXPECT_EQ(found["labels"].size(), 2U);
  EXPECT_EQ(found["calibration"]["confidences"], 40);
  EXPECT_EQ(found["interrupted"], false);

  const auto ended = slm_graph({"evaluate", pipeline_, "--data", data_});
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find("39 of 40 right"), std::string::npos) << ended.err;
}

TEST_F(EvaluateCommand, JudgesAnEarlierRunAsTheRunItself) {
  const std::string output = folder_ / "out.jsonl";
  const Json now = evaluated({pipeline_, "--data", data_, "--output", output});
  EXPECT_NE(text_of_file(output).find("\"right\":false}"), std::string::npos);
  Json then = evaluated({output, "--data", data_});
  EXPECT_EQ(then["name"], "out.jsonl");
  for (const char* same : {"accuracy", "outcomes", "tiers", "labels", "macro_f1"})
    EXPECT_EQ(then[same], now[same]) << same;
  EXPECT_NEAR(then["calibration"]["error"], now["calibration"]["error"], 1e-5);
  EXPECT_EQ(then["a_line"]["cost"], now["a_line"]["cost"]);

  const auto by_run = folder_ / "run.jsonl";
  slm_graph({"run", pipeline_, "--input", data_, "--output", by_run, "--quiet"});
  EXPECT_EQ(evaluated({by_run, "--data", data_})["accuracy"], now["accuracy"]);
}

TEST_F(EvaluateCommand, ComparesTwoPipelines) {
  const auto misled = folder_.write("misled.yaml", kMisled);
  const std::string output = folder_ / "out.jsonl";
  const Json found = evaluated({pipeline_, "--data", data_, "--against", misled, "--output", output});
  EXPECT_EQ(found["name"], "sorter.yaml") << "both are called sorter";
  EXPECT_EQ(found["against"]["name"], "misled.yaml");
  const Json& comparison = found["comparison"];
  EXPECT_EQ(comparison["only_first_right"], 19);
  EXPECT_EQ(comparison["only_second_right"], 1) << "the last line, whose label is wrong";
  EXPECT_EQ(comparison["accuracy"]["shown"], true);
  EXPECT_NEAR(comparison["accuracy"]["p_value"], 42.0 / 1048576, 1e-12);
  EXPECT_EQ(comparison["cost"]["difference"], 0);

  const Json recalled = evaluated({misled, "--data", data_, "--against", output})["comparison"];
  EXPECT_EQ(recalled["only_first_right"], 1);
  EXPECT_EQ(recalled["only_second_right"], 19);
  EXPECT_EQ(recalled["calls"], nullptr) << "nobody knows them of an earlier run";
  const auto ended = slm_graph({"evaluate", misled, "--data", data_, "--against", output});
  EXPECT_NE(ended.err.find("out.jsonl is more accurate"), std::string::npos) << ended.err;
}

TEST_F(EvaluateCommand, TellsWhatItLeavesOut) {
  const auto outcomes = folder_.write("out.jsonl",
                                      "{\"id\":\"r0\",\"outcome\":\"answered\",\"label\":\"music\"}\n"
                                      "{\"id\":\"r1\",\"outcome\":\"answered\",\"label\":\"music\"}\n"
                                      "{\"id\":\"r1\",\"outcome\":\"answered\",\"label\":\"music\"}\n"
                                      "{\"id\":\"who\",\"outcome\":\"answered\",\"label\":\"music\"}\n");
  const Json found = evaluated({outcomes, "--data", data_, "--against", pipeline_});
  EXPECT_EQ(found["lines"], 1);
  EXPECT_EQ(found["missing"], 39);
  EXPECT_EQ(found["repeated"], 2);
  EXPECT_EQ(found["unknown"], 1);
  EXPECT_EQ(found["comparison"]["lines"], 1);
  EXPECT_EQ(found["comparison"]["only_second"], 39);
}

TEST_F(EvaluateCommand, RunsWhatHasNoLabelAndDoesNotJudgeIt) {
  const auto data = folder_.write("some.jsonl", requests(9) + "{\"text\": \"put on a rock album\"}\n");
  const Json found = evaluated({pipeline_, "--data", data});
  EXPECT_EQ(found["lines"], 10);
  EXPECT_EQ(found["accuracy"]["judged"], 9);
  EXPECT_NE(slm_graph({"evaluate", pipeline_, "--data", data}).err.find("not judged: 1 line"),
            std::string::npos);
}

TEST_F(EvaluateCommand, RefusesDataThatShowNothing) {
  const auto bare = folder_.write("bare.jsonl", "{\"text\": \"play\"}\n");
  EXPECT_NE(refused({pipeline_, "--data", bare}).find("expected `expected`, `label` or `expected_outcome`"),
            std::string::npos);
  EXPECT_NE(refused({pipeline_, "--data", data_, "--by", "intent"}).find("member `intent`"),
            std::string::npos);
  EXPECT_NE(refused({pipeline_, "--data", data_, "--match", "json"}).find("no line says"), std::string::npos);
  EXPECT_NE(refused({pipeline_, "--data", folder_.write("empty.jsonl", "")}).find("it has no lines"),
            std::string::npos);
  const auto broken = folder_.write("broken.jsonl", requests(2) + "{oops\n");
  EXPECT_NE(refused({pipeline_, "--data", broken}).find("broken.jsonl:3: error: not JSON"),
            std::string::npos);
  EXPECT_NE(refused({broken, "--data", data_}).find("broken.jsonl:1: error: no outcome"), std::string::npos);
}

TEST_F(EvaluateCommand, RefusesToOverwriteWhatItReads) {
  for (const auto& file : {data_, pipeline_, std::string{folder_ / "nano.slm"}}) {
    const std::string before = text_of_file(file);
    refused({pipeline_, "--data", data_, "--output", file});
    EXPECT_EQ(text_of_file(file), before);
  }
  refused({pipeline_, "--data", data_, "--output", folder_ / "no/such/folder"});
  refused({pipeline_, "--data", data_, "--output", "-", "--json"});
  refused({pipeline_, "--data", data_, "--output", folder_ / "o.jsonl", "--record", folder_ / "o.jsonl"});
  for (const char* confidence : {"0", "1", "x"})
    refused({pipeline_, "--data", data_, "--confidence", confidence});
}

TEST_F(EvaluateCommand, OneClassAllRightAndAllWrongAreMeasured) {
  const auto data = [&](const char* label) {
    std::string lines;
    for (int i = 0; i < 10; ++i)
      lines += std::string{"{\"text\": \"play some jazz\", \"label\": \""} + label + "\"}\n";
    return folder_.write(std::string{label} + ".jsonl", lines);
  };
  EXPECT_EQ(evaluated({pipeline_, "--data", data("music")})["accuracy"]["value"], 1);
  const Json wrong = evaluated({pipeline_, "--data", data("weather")});
  EXPECT_EQ(wrong["accuracy"]["value"], 0);
  EXPECT_GT(wrong["accuracy"]["high"], 0.2);
  EXPECT_EQ(wrong["labels"][0]["precision"], nullptr);
}

TEST_F(EvaluateCommand, FailedLinesAreWrongAndTold) {
  const auto late = folder_.write(
      "late.jsonl", requests(3) + "{\"text\": \"play\", \"label\": \"music\", \"timeout_ms\": 0}\n");
  const Json found = evaluated({pipeline_, "--data", late}, 1);
  EXPECT_EQ(found["accuracy"]["judged"], 4);
  EXPECT_EQ(found["accuracy"]["right"], 2);
  EXPECT_EQ(found["reasons"][0]["lines"], 1);
}

TEST_F(EvaluateCommand, RecordsWhatTheModelsSay) {
  const auto recording = folder_ / "calls.jsonl";
  evaluated({pipeline_, "--data", data_, "--record", recording});
  EXPECT_NE(text_of_file(recording).find("weather"), std::string::npos);
}

TEST_F(EvaluateCommand, AnInterruptionReportsWhatWasDone) {
  const auto pipeline = folder_.write("hold.yaml", kHold);
  ::mkfifo((folder_ / "release").c_str(), 0600);
  Program program{
      {SLM_GRAPH_PROGRAM_WITH_HOLD, "evaluate", pipeline, "--data", data_, "--in-flight", "8", "--json"},
      Program::Errors::to_terminal};
  program.wait_for_error("0 of 40");
  program.send_signal(SIGINT);
  program.wait_for_error("interrupted: finishing");
  std::ofstream{folder_ / "release"} << "go";
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  const Json found = Json::parse(ended.out);
  EXPECT_EQ(found["interrupted"], true);
  EXPECT_GE(found["lines"], 1);
  EXPECT_LE(found["lines"], 9);
}

TEST_F(EvaluateCommand, ASecondInterruptionLeavesWhatIsInFlight) {
  const auto pipeline = folder_.write("hold.yaml", kHold);
  ::mkfifo((folder_ / "release").c_str(), 0600);
  Program program{
      {SLM_GRAPH_PROGRAM_WITH_HOLD, "evaluate", pipeline, "--data", data_, "--in-flight", "8", "--json"},
      Program::Errors::to_terminal};
  program.wait_for_error("0 of 40");
  program.send_signal(SIGINT);
  program.wait_for_error("interrupted: finishing");
  program.send_signal(SIGINT);
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_EQ(Json::parse(ended.out)["lines"], 0);
}

}  // namespace
}  // namespace slm::testing
