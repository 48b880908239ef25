#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

std::vector<Json> lines_of(const std::filesystem::path& file) {
  std::istringstream lines{text_of_file(file)};
  std::vector<Json> parsed;
  for (std::string line; std::getline(lines, line);) parsed.push_back(Json::parse(line));
  return parsed;
}

class FailedLinesOfARun : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    pipeline_ = folder_.write("sorter.yaml", kSorterPipeline);
  }

  Ended run(const std::filesystem::path& input, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"run",      pipeline_,
                                       "--input",  input,
                                       "--output", folder_ / "out.jsonl",
                                       "--failed", folder_ / "failed.jsonl"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return slm_graph(arguments);
  }
  std::vector<Json> failed() const { return lines_of(folder_ / "failed.jsonl"); }

  TemporaryFolder folder_;
  std::string pipeline_;
};

TEST_F(FailedLinesOfARun, AreAsTheyCameWithTheirIdAndWhy) {
  const auto input =
      folder_.write("in.jsonl",
                    "{\"text\": \"play some jazz\"}\n"
                    "{\"id\": 1.10, \"text\": \"late\", \"timeout_ms\": 0, \"lang\": \"de\", \"n\": [1]}\n"
                    "{\"text\": \"late\", \"timeout_ms\": 0, \"id\": null, \"label\": \"music\"}\n"
                    "{oops \xFF\n"
                    "{\"id\": \"x\", \"reason\": \"an old one\"}\n");
  const auto ended = run(input, {"--ordered", "--json"});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_EQ(Json::parse(ended.out)["failed_lines"]["written"], 4);
  EXPECT_NE(ended.err.find("4 lines that failed or expired"), std::string::npos) << ended.err;
  const auto lines = failed();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(text_of_file(folder_ / "failed.jsonl").find("{\"id\":1.10,\"text\":\"late\","), 0U)
      << "to the last digit";
  auto late = lines[0];
  EXPECT_NE(late["reason"], "");
  late.erase("reason");
  EXPECT_EQ(late, Json::parse(R"({"id": 1.1, "text": "late", "timeout_ms": 0, "lang": "de", "n": [1]})"));
  EXPECT_EQ(lines[1]["id"], 3) << "the id of its outcome";
  EXPECT_EQ(lines[1]["label"], "music");
  EXPECT_EQ(lines[2]["unread"], "{oops \uFFFD");
  EXPECT_EQ(lines[2]["reason"].get<std::string>().find("line 4: not JSON"), 0U);
  EXPECT_EQ(lines[3], Json::parse(R"({"id": "x", "reason": "line 5: `text` is missing"})"));
}

TEST_F(FailedLinesOfARun, AreTheInputOfAnotherRun) {
  const auto input = folder_.write("in.csv",
                                   "id,body,timeout_ms,expected,lang\n"
                                   ",play some jazz,0,\"{\"\"a\"\": 1}\",de\n"
                                   "b,\"two\nlines\",0,,en\n"
                                   "c,d\n"
                                   "e,\"never closed,,,\n");
  EXPECT_EQ(run(input, {"--text-field", "body", "--ordered"}).exit_code, 1);
  const auto lines = failed();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0]["id"], 2);
  EXPECT_EQ(lines[0]["expected"], Json({{"a", 1}}));
  EXPECT_EQ(lines[1]["body"], "two\nlines");
  EXPECT_EQ(lines[2]["unread"], "c,d");
  EXPECT_EQ(lines[3]["unread"], "e,\"never closed,,,");

  const auto again = slm_graph({"run", pipeline_, "--input", folder_ / "failed.jsonl", "--text-field", "body",
                                "--ordered", "--failed", folder_ / "again.jsonl"});
  const auto outcomes = lines_of(folder_ / "again.jsonl");
  ASSERT_EQ(outcomes.size(), 4U) << again.err;
  for (std::size_t i : {0U, 1U}) EXPECT_EQ(outcomes[i], lines[i]) << "nothing was added or lost";
  EXPECT_EQ(outcomes[2]["unread"], "c,d");
}

TEST_F(FailedLinesOfARun, OfTextAreJson) {
  const auto input = folder_.write("in.txt", "play \"some\" jazz\n");
  EXPECT_EQ(run(input, {"--timeout", "0ms"}).exit_code, 1);
  const auto lines = failed();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["id"], 1);
  EXPECT_EQ(lines[0]["text"], "play \"some\" jazz");
}

TEST_F(FailedLinesOfARun, OfAResumedOutputAreThereToo) {
  const auto input = folder_.write("in.jsonl",
                                   "{\"id\": \"a\", \"text\": \"x\", \"timeout_ms\": 0}\n"
                                   "{\"id\": \"b\", \"text\": \"x\"}\n"
                                   "{\"id\": \"c\", \"text\": \"x\", \"timeout_ms\": 0}\n");
  run(input);
  const auto whole = text_of_file(folder_ / "failed.jsonl");
  // As if it had been killed after one outcome, and between a failed line and its outcome.
  std::string output = text_of_file(folder_ / "out.jsonl");
  folder_.write("out.jsonl", output.substr(0, output.find('\n') + 5));
  EXPECT_EQ(run(input, {"--resume"}).exit_code, 1);
  std::multiset<std::string> ids;
  for (const auto& line : failed()) ids.insert(line["id"]);
  EXPECT_EQ(ids, (std::multiset<std::string>{"a", "c"}));

  // A run that is over, and had kept none.
  std::filesystem::remove(folder_ / "failed.jsonl");
  EXPECT_EQ(run(input, {"--resume"}).exit_code, 0);
  ids.clear();
  for (const auto& line : failed()) {
    ids.insert(line["id"]);
    EXPECT_EQ(line["text"], "x");
    EXPECT_NE(line["reason"], "");
  }
  EXPECT_EQ(ids, (std::multiset<std::string>{"a", "c"}));
}

TEST_F(FailedLinesOfARun, OverwriteNothingThatIsInUse) {
  const auto input = folder_.write("in.jsonl", "{\"text\": \"a\"}\n");
  for (const auto& file : {input, folder_ / "nano.slm", folder_ / "sorter.yaml"}) {
    const auto before = text_of_file(file);
    const auto ended = slm_graph({"run", pipeline_, "--input", input, "--failed", file});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("the file for lines that failed " + file.string() + " is "), std::string::npos)
        << ended.err;
    EXPECT_EQ(text_of_file(file), before);
  }
  const auto same = slm_graph(
      {"run", pipeline_, "--input", input, "--output", folder_ / "new", "--failed", folder_ / "./new"});
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_NE(same.err.find("is the file for lines that failed"), std::string::npos) << same.err;
  EXPECT_EQ(slm_graph({"run", pipeline_, "--failed", "-"}).exit_code, 2);
}

TEST_F(FailedLinesOfARun, AreLeftAsTheyWereWhereSomethingElseIsWrong) {
  const auto input = folder_.write("in.jsonl", "{\"text\": \"a\"}\n");
  const auto file = folder_.write("failed.jsonl", "precious\n");
  EXPECT_EQ(
      slm_graph({"run", pipeline_, "--input", input, "--failed", file, "--output", folder_ / "absent/out"})
          .exit_code,
      2);
  EXPECT_EQ(text_of_file(file), "precious\n");
}

TEST_F(FailedLinesOfARun, ThatCannotBeWrittenAreTold) {
  const auto input = folder_.write("in.jsonl", "oops\n{\"text\": \"a\"}\n");
  const auto ended = slm_graph({"run", pipeline_, "--input", input, "--failed", "/dev/full"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("cannot write the lines that failed: No space left on device"), std::string::npos)
      << ended.err;
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 2) << "the run goes on";
}

}  // namespace
}  // namespace slm::testing
