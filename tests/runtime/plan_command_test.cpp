#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

/// Nobody listens on port 1 of loopback.
constexpr const char* kPipeline = R"(pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm, watts: 5 }
  large: { backend: openai, url: "http://127.0.0.1:1", model: some-model, retries: 0,
           price: { call: 0.5, input: 1000000, output: 2000000 } }
nodes:
  sort: { type: classify, model: nano, to: gate }
  gate:
    type: gate
    confidence: { signal: max_prob }
    reject: { label: music, at_least: 0.5 }
    escalate: { to: answer }
  answer: { type: generate, model: large, prompt: "{text}", max_tokens: 7 }
)";

class PlanCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    pipeline_ = folder_.write("sorter.yaml", kPipeline);
  }
  /// First all that nano settles.
  std::string requests(int music, int weather) const {
    std::string text;
    for (int i = 0; i < music; ++i) text += "{\"text\": \"play some jazz\"}\n";
    for (int i = 0; i < weather; ++i) text += "{\"text\": \"will it rain\"}\n";  // 12 bytes: 3 tokens
    return folder_.write("in.jsonl", text);
  }
  Json plan(const std::string& input, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"plan", pipeline_, "--input", input, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return Json::parse(ended.out);
  }

  TemporaryFolder folder_;
  std::string pipeline_;
};

void expect_around(const Json& estimate, double value) {
  EXPECT_LT(estimate["low"], value);
  EXPECT_GT(estimate["high"], value);
  EXPECT_LE(estimate["low"], estimate["value"]);
  EXPECT_GE(estimate["high"], estimate["value"]);
}

TEST_F(PlanCommand, TellsOfTheWholeByASampleOfAllOfIt) {
  const auto json = plan(requests(3000, 1000), {"--sample", "300", "--confidence", "0.999"});
  EXPECT_EQ(json["requests"], 4000);
  EXPECT_EQ(json["sample"], 300);
  EXPECT_EQ(json["failed"], 0);
  const auto& nano = json["tiers"][0];
  EXPECT_EQ(nano["asked"], true);
  EXPECT_EQ(nano["calls"]["value"], 4000);
  EXPECT_GT(nano["energy_j"]["value"], 0);
  const auto& large = json["tiers"][1];
  EXPECT_EQ(large["asked"], false);
  expect_around(large["calls"], 1000);
  expect_around(large["prompt_tokens"], 3000);
  expect_around(large["generated_tokens"], 7000);
  expect_around(large["cost"], 0.5 * 1000 + 3 * 1000 + 2 * 7000);
  EXPECT_EQ(json["all"]["cost"], large["cost"]);
  EXPECT_GT(json["seconds"]["value"], 0);
}

TEST_F(PlanCommand, IsCertainWhereTheSampleIsTheWhole) {
  const auto input = requests(30, 10);
  const auto json = plan(input, {"--sample", "40"});
  const auto exactly = [](int value) { return Json{{"value", value}, {"low", value}, {"high", value}}; };
  EXPECT_EQ(json["tiers"][1]["calls"], exactly(10));
  EXPECT_EQ(json["tiers"][1]["cost"], exactly(5 + 30 + 140));
  const auto part = plan(input, {"--sample", "20"});
  EXPECT_LT(part["tiers"][1]["calls"]["low"], part["tiers"][1]["calls"]["high"]);
}

TEST_F(PlanCommand, SendsNothingToServersUnlessTold) {
  const auto input = requests(0, 3);
  EXPECT_EQ(plan(input)["failed"], 0);
  const auto asked = plan(input, {"--ask-remote"});
  EXPECT_EQ(asked["failed"], 3);
  EXPECT_THAT(asked["reason"].get<std::string>(), HasSubstr("cannot be connected to"));
  EXPECT_EQ(asked["assumptions"], Json::array());

  const auto told = slm_graph({"plan", pipeline_, "--input", input});
  EXPECT_THAT(told.out, HasSubstr("large *"));
  EXPECT_THAT(told.out, HasSubstr("large was not asked, which may cost: "));
}

TEST_F(PlanCommand, LinesThatCannotBeReadTakeNothing) {
  const auto input = folder_.write("in.jsonl", "{oops\n{\"text\": \"will it rain\"}\n{\"text\": 1}\n");
  const auto json = plan(input);
  EXPECT_EQ(json["requests"], 3);
  EXPECT_EQ(json["tiers"][0]["calls"]["value"], 1);
}

TEST_F(PlanCommand, NothingTakesNothing) {
  const auto json = plan(requests(0, 0));
  EXPECT_EQ(json["requests"], 0);
  EXPECT_EQ(json["seconds"], nullptr);
  const auto ended = slm_graph({"plan", pipeline_, "--input", folder_ / "in.jsonl"});
  EXPECT_EQ(ended.out, "sorter: no requests\n");
}

}  // namespace
}  // namespace slm::testing
