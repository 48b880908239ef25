#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

/// A nano tier and one above it, which for songs says what `songs_are` says.
class DriftCommand : public ::testing::Test {
 protected:
  void set_up(const std::string& songs_are) {
    train_nano_model(folder_ / "nano.slm");
    std::ostringstream lines;
    for (int i = 0; i < 2000; ++i) {
      const bool is_song = i % 2 == 0;
      const Json line{
          {"id", i},
          {"text", (is_song ? "play a song " : "rain in town ") + std::to_string(i * 7919 % 89 + 10)},
          {"top", is_song ? songs_are : "weather"}};
      lines << line.dump() << '\n';
    }
    requests_ = folder_.write("requests.jsonl", lines.str());
    pipeline_ = folder_.write("p.yaml", R"(pipeline: watched
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
  top:  { backend: replay, file: requests.jsonl, answer_field: top }
nodes:
  sort:   { type: classify, model: nano, to: gate }
  gate:
    type: gate
    confidence: { signal: max_prob }
    accept:     { at_least: 0.5 }
    escalate:   { to: expert }
    audit:      20%
    drift:      { state: gate.json, max_error: 5%, on_error: close }
  expert: { type: classify, model: top, choices: [music, weather] }
)");
  }

  Json run() {
    const auto ended = slm_graph(
        {"run", pipeline_, "--input", requests_, "--output", folder_ / "out.jsonl", "--json", "--quiet"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return Json::parse(ended.out);
  }

  static std::uint64_t answered_by(const Json& report, const std::string& tier) {
    for (const Json& one : report.at("tiers"))
      if (one.at("name") == tier) return one.at("answered").get<std::uint64_t>();
    return 0;
  }

  const TemporaryFolder folder_;
  std::filesystem::path requests_;
  std::filesystem::path pipeline_;
};

TEST_F(DriftCommand, AuditsAShareAndLeavesAGoodGateAlone) {
  set_up("music");
  const Json report = run();
  EXPECT_FALSE(report.contains("notes")) << report;
  EXPECT_NEAR(static_cast<double>(answered_by(report, "top")), 400, 60);
  EXPECT_EQ(answered_by(report, "nano") + answered_by(report, "top"), 2000U);
}

TEST_F(DriftCommand, ClosesAGateThatTheTierAboveContradicts) {
  set_up("weather");
  const Json report = run();
  ASSERT_EQ(report.at("notes").size(), 1U) << report;
  EXPECT_NE(report["notes"][0].get<std::string>().find("it accepts nothing any more"), std::string::npos);
  // A new process does not open it again.
  EXPECT_EQ(answered_by(run(), "nano"), 0U);
  // Who tunes sees the gate as the file has it.
  const auto evaluated = slm_graph({"evaluate", pipeline_, "--data", requests_, "--json", "--quiet"});
  EXPECT_EQ(evaluated.err.find("drift"), std::string::npos) << evaluated.err;
}

TEST_F(DriftCommand, RefusesASettingThatCouldSeeNothing) {
  set_up("music");
  std::string text = text_of_file(pipeline_);
  text.replace(text.find("    audit:      20%\n"), 20, "");
  const auto ended = slm_graph({"validate", folder_.write("q.yaml", text)});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE((ended.out + ended.err).find("gate `gate` has `max_error`, but no `audit` to see errors by"),
            std::string::npos)
      << ended.out << ended.err;
}

}  // namespace
}  // namespace slm::testing
