#include <gmock/gmock.h>
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

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

std::string request(const std::string& id_json) {
  return "{\"id\": " + id_json + ", \"text\": \"play some jazz\"}\n";
}

std::string outcome(const std::string& id_json, const std::string& answer = "yes") {
  return "{\"id\":" + id_json + R"(,"outcome":"answered","answer":")" + answer + "\"}\n";
}

class MergeCommand : public ::testing::Test {
 protected:
  /// Numbers from 0 as ids.
  std::string requests(int count) const {
    std::string text;
    for (int id = 0; id < count; ++id) text += request(std::to_string(id));
    return folder_.write("in.jsonl", text);
  }
  std::string part(int index, const std::vector<int>& ids) const {
    std::string text;
    for (const int id : ids) text += outcome(std::to_string(id));
    return folder_.write("part-" + std::to_string(index) + ".jsonl", text);
  }
  Ended merge(const std::vector<std::string>& parts, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"merge", "--input", folder_ / "in.jsonl", "--output", output()};
    arguments.insert(arguments.end(), parts.begin(), parts.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return slm_graph(arguments);
  }
  std::filesystem::path output() const { return folder_ / "out.jsonl"; }
  /// A merge that fails leaves nothing behind.
  void expect_nothing_written() const {
    for (const auto& entry : std::filesystem::directory_iterator{folder_.path()})
      EXPECT_EQ(entry.path().filename().string().find("out.jsonl"), std::string::npos) << entry.path();
  }

  TemporaryFolder folder_;
};

TEST_F(MergeCommand, MakesTheOutcomesOfShardsThoseOfOneRun) {
  train_nano_model(folder_ / "nano.slm");
  const std::string pipeline = folder_.write("sorter.yaml", kSorterPipeline);
  folder_.write("a.csv", "id,text\n,play some jazz\n1.10,\"will it\nsnow\"\n,one,too many\nx,jazz\n");
  folder_.write("b.txt", "play\n\nsnow\n");
  const std::vector<std::string> inputs{"--input", folder_ / "a.csv", "--input", folder_ / "b.txt"};
  const auto with_inputs = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    return arguments;
  };
  slm_graph(with_inputs({"run", pipeline, "--output", folder_ / "whole.jsonl", "--ordered"}));
  std::vector<std::string> merging{"merge", "--output", output()};
  for (const std::string index : {"2", "0", "1"}) {
    const std::string part = folder_ / ("part-" + index + ".jsonl");
    slm_graph(with_inputs({"run", pipeline, "--output", part, "--shard", index + "/3"}));
    merging.push_back(part);
  }
  const auto ended = slm_graph(with_inputs(merging));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("out.jsonl: 6 requests, each with its one outcome"));
  std::istringstream wanted{text_of_file(folder_ / "whole.jsonl")};
  std::istringstream found{text_of_file(output())};
  for (std::string wanted_line, found_line; std::getline(wanted, wanted_line);) {
    ASSERT_TRUE(std::getline(found, found_line));
    Json left = Json::parse(wanted_line);
    Json right = Json::parse(found_line);
    left.erase("latency_ms");
    right.erase("latency_ms");
    EXPECT_EQ(left, right);
  }
  EXPECT_EQ(found.peek(), EOF);
}

TEST_F(MergeCommand, TellsWhichShardsToRunAgain) {
  requests(15);
  folder_.write("out.jsonl", "precious\n");
  // Shard 2 of 5 was never run, and two of the requests of shard 3 were not reached.
  const auto three = part(3, {3});
  const auto ended =
      merge({part(0, {10, 0, 5}), part(1, {11, 1, 6}), three, part(4, {4, 9, 14})}, {"--json"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(text_of_file(output()), "precious\n");
  EXPECT_THAT(ended.err,
              HasSubstr("not whole, so " + output().string() + " was not written: 15 requests, 10 outcomes"));
  EXPECT_THAT(ended.err, HasSubstr("missing  5: 2, 7, 8, 12, 13\n"));
  EXPECT_THAT(ended.err, HasSubstr("3  --shard 2/5\n"));
  EXPECT_THAT(ended.err, HasSubstr("2  --shard 3/5 --resume --output " + three + "\n"));
  EXPECT_THAT(ended.err, Not(HasSubstr("--shard 1/5")));
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["merged"], false);
  EXPECT_EQ(json["missing"]["count"], 5);
  EXPECT_EQ(json["missing"]["first"][0], Json({{"id", 2}}));
  EXPECT_EQ(json["run_again"], Json::parse("[{\"shard\": \"2/5\", \"missing\": 3, \"part\": null},"
                                           "{\"shard\": \"3/5\", \"missing\": 2, \"part\": \"" +
                                           three + "\"}]"));
}

TEST_F(MergeCommand, TellsOfNoShardsWhereThereAreNone) {
  requests(6);
  const auto ended = merge({part(0, {0, 1, 2, 5})}, {"--json"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(Json::parse(ended.out)["missing"]["count"], 2);
  EXPECT_EQ(Json::parse(ended.out)["run_again"], Json::array());
}

TEST_F(MergeCommand, TellsWhatIsThereTwiceAndWhatBelongsToAnotherInput) {
  requests(4);
  const auto one = part(1, {1, 3, 7, 7});
  const auto ended = merge({part(0, {0, 2, 3}), one}, {"--json", "--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("doubled  1: 3 in "));
  EXPECT_THAT(ended.err, HasSubstr("foreign  2: 7 in " + one + ", 7 in " + one + "\n"));
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["missing"]["count"], 0);
  EXPECT_EQ(json["doubled"]["count"], 1);
  EXPECT_EQ(json["foreign"], Json::parse("{\"count\": 2, \"first\": [{\"id\": 7, \"part\": \"" + one +
                                         "\"}, {\"id\": 7, \"part\": \"" + one + "\"}]}"));
  expect_nothing_written();
}

TEST_F(MergeCommand, ComparesIdsToTheLastDigitAndByTheirType) {
  folder_.write("in.jsonl", request("1") + request("\"1\"") + request("1.0") + request("1.00"));
  const auto wrong =
      folder_.write("wrong.jsonl", outcome("1") + outcome("\"1\"") + outcome("1.0") + outcome("1.000"));
  EXPECT_THAT(merge({wrong}).err, HasSubstr("missing  1: 1.00\n"));
  const auto right =
      folder_.write("right.jsonl", outcome("1.00") + outcome("1.0") + outcome("\"1\"") + outcome("1"));
  EXPECT_EQ(merge({right}).exit_code, 0);
  EXPECT_EQ(text_of_file(output()), outcome("1") + outcome("\"1\"") + outcome("1.0") + outcome("1.00"));
}

TEST_F(MergeCommand, MatchesIdsAsOftenAsTheyCome) {
  std::string same_requests;
  std::string same_outcomes;
  for (int i = 0; i < 50'000; ++i) {
    same_requests += request("\"x\"");
    same_outcomes += outcome("\"x\"", std::to_string(i));
  }
  folder_.write("in.jsonl", same_requests + request("\"y\""));
  const auto whole = folder_.write("whole.jsonl", outcome("\"y\"") + same_outcomes);
  EXPECT_EQ(merge({whole}).exit_code, 0);
  EXPECT_EQ(text_of_file(output()), same_outcomes + outcome("\"y\""));

  const auto more = folder_.write("more.jsonl", outcome("\"x\""));
  EXPECT_EQ(Json::parse(merge({whole, more}, {"--json"}).out)["doubled"]["count"], 1);
  folder_.write("in.jsonl", same_requests + request("\"x\"") + request("\"x\"") + request("\"y\""));
  EXPECT_EQ(Json::parse(merge({whole, more}, {"--json"}).out)["missing"]["count"], 1);
}

TEST_F(MergeCommand, ALastLineThatIsCutOffIsMissing) {
  requests(2);
  const std::string killed = folder_.write("killed.jsonl", outcome("0") + outcome("1").substr(0, 20));
  const auto ended = merge({killed}, {"--json"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("missing  1: 1\n"));
  EXPECT_THAT(ended.err, HasSubstr("the last line of " + killed + " is cut off"));
  EXPECT_EQ(Json::parse(ended.out)["cut_off"], Json({killed}));
}

TEST_F(MergeCommand, LinesMayBeLongerThanWhatIsReadAtOnce) {
  requests(3);
  const std::string longest(3 << 20, 'a');
  const std::string longer(5000, 'b');
  const auto mixed =
      folder_.write("mixed.jsonl", outcome("2", longest) + outcome("0", longer) + outcome("1"));
  EXPECT_EQ(merge({mixed}).exit_code, 0);
  EXPECT_TRUE(text_of_file(output()) == outcome("0", longer) + outcome("1") + outcome("2", longest));
}

TEST_F(MergeCommand, NothingOfNothingIsWhole) {
  requests(0);
  EXPECT_EQ(merge({part(0, {}), part(1, {})}).exit_code, 0);
  EXPECT_EQ(text_of_file(output()), "");
  EXPECT_TRUE(std::filesystem::exists(output()));
}

TEST_F(MergeCommand, MistakesWriteNothing) {
  const auto input = requests(1);
  const auto good = part(0, {0});
  const std::string bad = folder_.write("bad.jsonl", outcome("0") + "{\"id\": 0, \"text\": \"a request\"}\n");
  const auto no_outcome = merge({good, bad});
  EXPECT_EQ(no_outcome.exit_code, 2);
  EXPECT_THAT(no_outcome.err,
              HasSubstr(bad + ":2: error: no outcome; expected a line as `slm-graph run` writes it"));
  EXPECT_THAT(merge({folder_.path()}).err, HasSubstr("it is no regular file"));
  EXPECT_THAT(merge({folder_ / "absent"}).err, HasSubstr("cannot open"));
  EXPECT_EQ(merge({}).exit_code, 2);
  expect_nothing_written();

  const auto to = [&](const std::string& output) {
    const auto ended = slm_graph({"merge", "--input", input, "--output", output, good});
    EXPECT_EQ(ended.exit_code, 2);
    return ended.err;
  };
  EXPECT_THAT(to(input), HasSubstr("is the input"));
  EXPECT_THAT(to(good), HasSubstr("is a part"));
  EXPECT_THAT(to("-"), HasSubstr("name a file with --output"));
  EXPECT_THAT(to(folder_ / "absent" / "out"), HasSubstr("No such file or directory"));
  EXPECT_EQ(text_of_file(good), outcome("0"));
}

TEST_F(MergeCommand, AnInterruptionWritesNothing) {
  const std::string input = folder_ / "in.jsonl";
  ASSERT_EQ(::mkfifo(input.c_str(), 0600), 0);
  Program program{{SLM_GRAPH_PROGRAM, "merge", "--input", input, "--output", output(), part(0, {0})}};
  std::ofstream requests{input};  // opens once the program reads it
  requests << request("0") << std::flush;
  program.send_signal(SIGUSR1);
  program.wait_for_error(" line");
  program.send_signal(SIGINT);
  program.wait_for_error("interrupted: nothing was written");
  EXPECT_EQ(program.wait().exit_code, 3);
  expect_nothing_written();
}

}  // namespace
}  // namespace slm::testing
