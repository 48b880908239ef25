#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using ::testing::EndsWith;

constexpr const char* kPipeline = R"(pipeline: two_tiers   # a comment that stays
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
  top:  { backend: replay, file: answers.jsonl, answer_field: top }
nodes:
  sort:   { type: classify, model: nano, to: gate }
  gate:
    type: gate
    confidence: { signal: max_prob }
    accept:     { at_least: 0.90 }   # chosen by hand
    escalate:   { to: expert }
  expert: { type: classify, model: top, choices: [music, weather] }
)";

/// A nano tier and one above it that is always right, over requests of which every third is a riddle to nano.
class GateCommands : public ::testing::Test {
 protected:
  GateCommands() {
    train_nano_model(folder_ / "nano.slm");
    std::ostringstream lines;
    for (int i = 0; i < kLines; ++i) {
      const bool is_music = i % 2 == 0;
      std::string text = is_music ? "play a song " : "rain in town ";
      if (i % 3 == 0) text = "what about ";
      const std::string label = is_music ? "music" : "weather";
      const Json line{{"id", i}, {"text", text + std::to_string(i)}, {"label", label}, {"top", label}};
      lines << line.dump() << '\n';
    }
    data_ = folder_.write("answers.jsonl", lines.str());
    pipeline_ = folder_.write("p.yaml", kPipeline);
  }

  static constexpr int kLines = 300;
  const TemporaryFolder folder_;
  std::filesystem::path data_;
  std::filesystem::path pipeline_;
};

TEST_F(GateCommands, TuneChangesABarAndLeavesANote) {
  const auto ended = slm_graph(
      {"tune", pipeline_, "--data", data_, "--target", "accuracy=0.9", "--confidence", "0.95", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto json = Json::parse(ended.out);
  EXPECT_TRUE(json["reached"]);
  EXPECT_GE(json["now"]["target"], 0.9);
  EXPECT_LT(json["now"]["spend"], json["all_escalated"]["spend"]);
  const std::string bar = json["now"]["bars"]["gate"]["accept"].dump();
  std::string expected = kPipeline;
  expected.replace(expected.find("0.90"), 4, bar);
  const std::string text = text_of_file(pipeline_);
  const auto begin = text.find("# slm-graph tune 20");
  ASSERT_NE(begin, std::string::npos) << text;
  const auto end = text.find('\n', begin) + 1;
  EXPECT_THAT(text.substr(begin, end - begin),
              EndsWith(": accuracy ≥ 0.9 with confidence 0.95, on 300 lines of answers.jsonl\n"));
  EXPECT_EQ(text.substr(0, begin) + text.substr(end), expected);
  EXPECT_EQ(slm_graph({"validate", pipeline_}).exit_code, 0);
  // A second time: one note, and the same bar.
  ASSERT_EQ(
      slm_graph({"tune", pipeline_, "--data", data_, "--target", "accuracy=0.9", "--confidence", "0.95"})
          .exit_code,
      0);
  EXPECT_EQ(text_of_file(pipeline_), text);
}

TEST_F(GateCommands, TuneLeavesTheFileAloneWhereItCannotCertify) {
  const auto few =
      slm_graph({"tune", pipeline_, "--data", data_, "--target", "accuracy=0.999", "--confidence", "0.95"});
  EXPECT_EQ(few.exit_code, 2);
  EXPECT_NE(few.err.find("it takes 2,995 labelled lines at least"), std::string::npos) << few.err;
  const auto dry =
      slm_graph({"tune", pipeline_, "--data", data_, "--target", "agreement=0.9", "--dry-run", "--quiet"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  const auto poor = slm_graph({"tune", pipeline_, "--data", data_, "--budget", "calls=0.5"});
  EXPECT_EQ(poor.exit_code, 1);
  EXPECT_NE(poor.err.find("no bars keep to the budget"), std::string::npos) << poor.err;
  EXPECT_EQ(text_of_file(pipeline_), kPipeline);
}

TEST_F(GateCommands, TuneRecordsWhatModelsAnswer) {
  const auto record = folder_ / "recorded.jsonl";
  ASSERT_EQ(slm_graph({"tune", pipeline_, "--data", data_, "--target", "accuracy=0.9", "--dry-run", "--quiet",
                       "--record", record})
                .exit_code,
            0);
  const std::string text = text_of_file(record);
  EXPECT_GE(std::ranges::count(text, '\n'), 2 * kLines);
}

struct BadTuning {
  const char* name;
  std::vector<std::string> arguments;
  const char* data;  ///< empty: the good data
  const char* message;
};

class BadTunings : public GateCommands, public ::testing::WithParamInterface<BadTuning> {};

TEST_P(BadTunings, AreToldAndChangeNothing) {
  const BadTuning& bad = GetParam();
  const auto data = *bad.data == '\0' ? data_ : folder_.write("bad.jsonl", bad.data);
  std::vector<std::string> arguments{"tune", pipeline_, "--data", data};
  arguments.insert(arguments.end(), bad.arguments.begin(), bad.arguments.end());
  const auto ended = slm_graph(arguments);
  EXPECT_EQ(ended.exit_code, 2) << ended.err;
  EXPECT_NE(ended.err.find(bad.message), std::string::npos) << ended.err;
  EXPECT_EQ(text_of_file(pipeline_), kPipeline);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTunings,
    ::testing::Values(
        BadTuning{"NoTarget", {}, "", "name what is to be reached with --target"},
        BadTuning{"OddTarget", {"--target", "speed=0.9"}, "", "is no target; expected accuracy=0.95"},
        BadTuning{"OddBudget", {"--budget", "calls"}, "", "--budget: expected cost, calls, tokens"},
        BadTuning{"CertifiedBudget",
                  {"--budget", "calls=1.5", "--confidence", "0.95"},
                  "",
                  "what a --budget buys is not certified"},
        BadTuning{"OddConfidence", {"--target", "accuracy=0.9", "--confidence", "95"}, "", "between 0 and 1"},
        BadTuning{
            "NoLabels", {"--target", "accuracy=0.9"}, "{\"text\": \"a\"}\n", "no line says what is right"},
        BadTuning{"NoLines", {"--target", "accuracy=0.9"}, "\n", "it has no lines"},
        BadTuning{"BrokenLine", {"--target", "accuracy=0.9"}, "{\"text\": \"a\"\n", "bad.jsonl:1: "},
        BadTuning{"TenLines",
                  {"--target", "accuracy=0.9", "--confidence", "0.95"},
                  "{\"text\": \"a\", \"label\": \"music\"}\n{\"text\": \"b\", \"label\": \"music\"}\n",
                  "cannot be certified on 2 lines, were all of them right; it takes 29 labelled lines"}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(GateCommands, LabelKeepsItsPromiseWithFewerCalls) {
  const auto output = folder_ / "out.jsonl";
  const auto ended =
      slm_graph({"label", pipeline_, "--input", data_, "--output", output, "--target", "0.8", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto summary = Json::parse(ended.out);
  std::istringstream lines{text_of_file(output)};
  int asked = 0, right = 0, count = 0;
  for (std::string text; std::getline(lines, text); ++count) {
    const auto line = Json::parse(text);
    EXPECT_EQ(line["id"], count);
    EXPECT_EQ(line["asked"], line["tier"] == "top");
    asked += line["asked"] ? 1 : 0;
    right += line["label"] == (count % 2 == 0 ? "music" : "weather") ? 1 : 0;
  }
  EXPECT_EQ(count, kLines);
  EXPECT_EQ(asked, summary["asked"]);
  EXPECT_LT(asked, kLines / 2);
  EXPECT_GE(right, 0.8 * kLines);
}

TEST_F(GateCommands, LabelAsksLessWhereMoreIsKnown) {
  const auto asked = [&](std::vector<std::string> further) {
    std::vector<std::string> arguments{
        "label",    pipeline_, "--input", data_,   "--output", folder_ / "out.jsonl",
        "--target", "0.9",     "--quiet", "--json"};
    arguments.insert(arguments.end(), further.begin(), further.end());
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return Json::parse(ended.out)["asked"].get<int>();
  };
  EXPECT_LT(asked({"--known", data_}), asked({}));
}

TEST_F(GateCommands, LabelSaysWhatPipelineItIsFor) {
  std::string text = kPipeline;
  const auto gate = text.find("  gate:");
  text.erase(gate, text.find("  expert:") - gate);
  text.replace(text.find("to: gate"), 8, "to: expert");
  const auto plain = folder_.write("plain.yaml", text);
  const auto ended = slm_graph({"label", plain, "--input", data_, "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("expected a pipeline with one gate"), std::string::npos) << ended.err;
  EXPECT_EQ(slm_graph({"label", pipeline_, "--input", data_, "--output", data_}).exit_code, 2);
}

}  // namespace
}  // namespace slm::testing
