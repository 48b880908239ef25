#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kData =
    "{\"text\": \"some jazz\", \"label\": \"music\"}\n"
    "{\"text\": \"some rock\", \"label\": \"music\"}\n"
    "{\"text\": \"some rain\", \"label\": \"weather\"}\n"
    "{\"text\": \"some snow\", \"label\": \"weather\"}\n";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(TrainCommand, MakesAModelThatRuns) {
  const TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += std::string{"{\"q\": \""} + (i % 2 == 0 ? "play song " : "rain in town ") + std::to_string(i) +
             "\", \"intent\": \"" + (i % 2 == 0 ? "music" : "weather") + "\"}\n";
  const auto data = folder.write("data.jsonl", lines);
  const auto ended = slm_graph({"train", data, "--output", folder / "nano.slm", "--text-field", "q",
                                "--label-field", "intent", "--epochs", "5", "--json"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["labels"], Json({"music", "weather"}));
  EXPECT_EQ(json["accuracy"], 1.0);
  EXPECT_NE(ended.err.find("epoch 1: loss"), std::string::npos) << ended.err;
  const auto pipeline = folder.write("p.yaml", kSorterPipeline);
  EXPECT_NE(slm_graph({"run", pipeline, "--quiet"}, "{\"text\": \"play song\"}\n").out.find("\"music\""),
            std::string::npos);
}

TEST(TrainCommand, BrokenLinesAreToldWithTheirNumbersAndNothingIsTrained) {
  const TemporaryFolder folder;
  const auto data = folder.write(
      "data.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\"}\n{oops\n{\"label\": \"y\"}\n");
  const auto ended = slm_graph({"train", data, "--output", folder / "nano.slm"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("data.jsonl:2: error: `label` is missing"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("data.jsonl:3: error: not JSON"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("data.jsonl:4: error: `text` is missing"), std::string::npos) << ended.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "nano.slm"));
}

TEST(TrainCommand, OverwritesNoDataByWhateverName) {
  const TemporaryFolder folder;
  const auto data = folder.write("data.jsonl", kData);
  const auto valid = folder.write("valid.jsonl", kData);
  std::filesystem::create_hard_link(data, folder / "hard.slm");
  std::filesystem::create_symlink(valid, folder / "soft.slm");
  for (const std::string name : {"data.jsonl", "valid.jsonl", "hard.slm", "soft.slm"}) {
    const auto ended = slm_graph({"train", data, "--valid", valid, "--output", folder / name});
    EXPECT_EQ(ended.exit_code, 2) << name;
    EXPECT_TRUE(contains(ended.err, "error: the output")) << ended.err;
    EXPECT_TRUE(contains(ended.err, name + " is ")) << ended.err;
  }
  EXPECT_EQ(text_of_file(data), kData);
  EXPECT_EQ(text_of_file(valid), kData);
}

TEST(TrainCommand, AnOutputThatCannotBeWrittenIsToldFirst) {
  const TemporaryFolder folder;
  const auto data = folder.write("data.jsonl", "{these lines are not read\n");
  for (const auto& output : {folder / "absent/nano.slm", folder.path()}) {
    const auto ended = slm_graph({"train", data, "--output", output});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_TRUE(contains(ended.err, "error: cannot write " + output.string() + ": ")) << ended.err;
  }
}

TEST(TrainCommand, AModelIsNotWrittenToStandardOutput) {
  const TemporaryFolder folder;
  folder.write("data.jsonl", kData);
  Program program{
      {"/bin/sh", "-c",
       "cd '" + folder.path().string() + "' && '" SLM_GRAPH_PROGRAM "' train data.jsonl --output -"}};
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_TRUE(contains(ended.err, "not to standard output; name one with --output")) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "-"));
}

TEST(TrainCommand, OptionsOutOfRangeAreToldByTheirNames) {
  const TemporaryFolder folder;
  const auto data = folder.write("data.jsonl", kData);
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--seed", "-1"},
                                                        {"--seed", "18446744073709551616"},
                                                        {"--epochs", "0"},
                                                        {"--epochs", "many"},
                                                        {"--min-count", "0"},
                                                        {"--max-features", "0"},
                                                        {"--word-ngrams", "3"},
                                                        {"--held-out", "1"},
                                                        {"--learning-rate", "0"},
                                                        {"--learning-rate", "nan"}}) {
    const auto ended = slm_graph({"train", data, "--output", folder / "nano.slm", option, value});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_TRUE(contains(ended.err, "error: " + option + ": expected ")) << ended.err;
    EXPECT_TRUE(contains(ended.err, "found `" + value + "`")) << ended.err;
  }
  const auto ended = slm_graph({"train", data, "--output", folder / "nano.slm", "--min-count", "1000000"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_TRUE(contains(ended.err, "occurs in 1000000 of the 4 texts")) << ended.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "nano.slm"));
}

TEST(TrainCommand, FilesOfOtherFormatsAreToldWhatIsExpected) {
  const TemporaryFolder folder;
  for (const std::string name : {"README.md", "lines.txt"}) {
    const auto ended = slm_graph({"train", folder.write(name, "text\n"), "--output", folder / "nano.slm"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_TRUE(contains(ended.err, name + ": expected JSON lines or CSV")) << ended.err;
    EXPECT_FALSE(contains(ended.err, "--format")) << ended.err;
  }
}

}  // namespace
}  // namespace slm::testing
