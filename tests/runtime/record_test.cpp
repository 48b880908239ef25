// Runs that are recorded, and the same pipelines with their models replayed.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "nodes/builtin.h"
#include "runtime/run/runner.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using Outcomes = std::map<std::string, Json>;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()), ++count)
    text.replace(at, what.size(), by);
  EXPECT_GT(count, 0U) << what;
  return text;
}

class RecordedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    register_builtin_nodes();
    for (const auto& entry : std::filesystem::directory_iterator{SLM_GRAPH_ASSISTANT})
      if (entry.is_regular_file()) std::filesystem::copy(entry.path(), folder_.path());
    live_ = text_of_file(folder_ / "assistant.yaml");
    replay_ = replaced(live_, "backend: ngram, file: nano.slm", "backend: replay, file: rec.jsonl");
    for (const std::string model : {"small", "medium"}) {
      const std::string options = "-q8_0.gguf, context: 256, slots: 16, kv_type: q8_0";
      replay_ =
          replaced(replay_, "backend: llama, file: " + model + options, "backend: replay, file: rec.jsonl");
    }
  }

  runtime::RunReport run(const std::string& yaml, bool is_recorded = false) {
    folder_.write("p.yaml", yaml);
    runtime::RunOptions options{.pipeline = folder_ / "p.yaml",
                                .inputs = {folder_ / "requests.jsonl"},
                                .output = folder_ / "out.jsonl"};
    if (is_recorded) options.record = folder_ / "rec.jsonl";
    runtime::Runner runner{options};
    return runner.run();
  }

  /// By id, without what depends on the clock.
  Outcomes outcomes() const {
    Outcomes all;
    std::ifstream stream{folder_ / "out.jsonl"};
    for (std::string line; std::getline(stream, line);) {
      Json outcome = Json::parse(line);
      outcome.erase("latency_ms");
      outcome.erase("recorded_ms");
      const std::string id = outcome.at("id");
      all[id] = std::move(outcome);
    }
    return all;
  }

  TemporaryFolder folder_;
  std::string live_;
  std::string replay_;
};

TEST_F(RecordedRun, IsReplayedWithTheSameOutcomes) {
  const auto recorded = run(live_, true).recorded;
  const Outcomes live = outcomes();
  ASSERT_EQ(live.size(), 228U);
  EXPECT_GT(recorded.value().added, 228U);
  EXPECT_EQ(recorded->error, "");
  run(replay_);
  const Outcomes again = outcomes();
  for (const auto& [id, outcome] : live) EXPECT_EQ(again.at(id), outcome);

  EXPECT_EQ(run(live_, true).recorded.value().added, 0U) << "no call is recorded twice";
}

TEST_F(RecordedRun, AnswersNoOtherPromptAndNoOtherOption) {
  run(live_, true);
  for (const auto& [what, by] : {std::pair{"prompt: \"{text}\\n\"", "prompt: \"{text}!\\n\""},
                                 std::pair{"max_tokens: 96", "max_tokens: 96\n    temperature: 0.5"}}) {
    const auto report = run(replaced(replay_, what, by));
    EXPECT_EQ(report.summary.count(OutcomeKind::failed), 228U - 59) << by;
    EXPECT_EQ(report.summary.count(OutcomeKind::rejected), 59U) << "the first tier was asked the same";
  }
}

TEST_F(RecordedRun, TellsAModelFileFromAnother) {
  run(live_, true);
  std::filesystem::copy(folder_ / "medium-q8_0.gguf", folder_ / "small-q8_0.gguf",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_GT(run(live_, true).recorded.value().added, 0U) << "the new model's answers are recorded too";
  try {
    run(replay_);
    FAIL() << "nobody said which of the two models is meant";
  } catch (const PipelineError& error) {
    EXPECT_NE(std::string{error.what()}.find("holds calls of several models `small`"), std::string::npos);
  }
}

TEST_F(RecordedRun, RefusesToWriteOverWhatIsReadOrWritten) {
  runtime::RunOptions options{.pipeline = folder_ / "assistant.yaml",
                              .inputs = {folder_ / "requests.jsonl"},
                              .output = folder_ / "out.jsonl"};
  for (const char* file : {"assistant.yaml", "requests.jsonl", "nano.slm", "out.jsonl"}) {
    options.record = folder_ / file;
    const std::string before = text_of_file(options.record);
    EXPECT_THROW(runtime::Runner{options}, runtime::OutputError) << file;
    if (before.empty()) continue;
    EXPECT_EQ(text_of_file(options.record), before) << file;
  }
}

TEST_F(RecordedRun, CostsWhatItsPricesSayLiveAndReplayed) {
  const std::string price = ", price: { call: 1, input: 1000000, output: 2000000 }, watts: 50 }";
  const auto live = run(replaced(live_, "kv_type: q8_0 }", "kv_type: q8_0" + price), true);
  const auto check = [](const runtime::RunReport& report) {
    for (const auto& tier : report.summary.tiers()) {
      if (tier.name == "nano") {
        EXPECT_EQ(tier.cost, 0);
        EXPECT_EQ(tier.energy_j, 0);
        continue;
      }
      EXPECT_GT(tier.energy_j, 0) << tier.name;
      const double tokens = static_cast<double>(tier.prompt_tokens + 2 * tier.generated_tokens);
      EXPECT_NEAR(tier.cost, tokens + (tier.name == "small" ? 169 : 42), 1e-6) << tier.name;
    }
  };
  check(live);
  const auto again = run(replaced(replay_, "backend: replay,", "backend: replay, watts: 50,"));
  const auto energy = [](const runtime::RunReport& report, std::size_t tier) {
    return report.summary.tiers()[tier].energy_j;
  };
  // The recorded cost and time count, not those of looking an answer up.
  EXPECT_EQ(again.summary.tiers()[2].cost, live.summary.tiers()[2].cost);
  EXPECT_NEAR(energy(again, 2), energy(live, 2), energy(live, 2) * 0.5);
}

}  // namespace
}  // namespace slm::testing
