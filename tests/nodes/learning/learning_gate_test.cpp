#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "runtime/slm/graph.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

/// A tier that learns music from weather, below one that knows.
class LearningGate : public ::testing::Test {
 protected:
  LearningGate() {
    std::mt19937 random{3};
    const std::vector<std::string> songs{"play", "song", "album", "band"},
        skies{"rain", "sunny", "wind", "storm"};
    std::string lines;
    for (int i = 0; i < 1500; ++i) {
      const bool is_song = random() % 2 == 0;
      std::string text;
      for (int word = 0; word < 4; ++word) text += (is_song ? songs : skies)[random() % 4] + ' ';
      text += std::to_string(i);
      texts_.push_back(text);
      lines += nlohmann::json{{"text", text}, {"top", is_song ? "music" : "weather"}}.dump() + '\n';
    }
    folder_.write("top.jsonl", lines);
  }

  Pipeline pipeline(const std::string& gate) const {
    return Pipeline::parse(R"(pipeline: p
version: 1
entry: sort
models:
  nano: { backend: ngram, learn: { folder: learned, labels: [music, weather], wait: true, hold_out: 0.3 } }
  top:  { backend: replay, file: top.jsonl, answer_field: top }
nodes:
  sort: { type: classify, model: nano, to: gate }
  gate: { type: gate, confidence: { signal: max_prob }, escalate: { to: expert }, )" +
                               gate + R"( }
  expert: { type: classify, model: top, choices: [music, weather] }
)",
                           folder_ / "p.yaml");
  }

  /// How many of these requests the model that learns answers.
  int answered_by_nano(Graph& graph, std::size_t from, std::size_t to) const {
    int count = 0;
    for (std::size_t i = from; i < to; ++i) {
      const Outcome outcome = graph.submit({.text = texts_[i]}).get();
      EXPECT_EQ(outcome.kind, OutcomeKind::answered);
      count += outcome.answer.tier == "nano" ? 1 : 0;
    }
    return count;
  }

  const testing::TemporaryFolder folder_;
  std::vector<std::string> texts_;
};

TEST_F(LearningGate, TeachesTheModelBeforeIt) {
  Graph graph{pipeline("accept: { at_least: 0 }")};
  EXPECT_EQ(answered_by_nano(graph, 0, 100), 0);
  EXPECT_EQ(answered_by_nano(graph, 100, 200), 100);
}

TEST_F(LearningGate, AcceptsNothingUntilABarIsCertified) {
  Graph graph{pipeline("accept: { at_least: 0 }, audit: 20%, certify: { agreement: 0.8 }")};
  EXPECT_EQ(answered_by_nano(graph, 0, 150), 0);
  EXPECT_GT(answered_by_nano(graph, 1000, 1500), 200);
}

TEST_F(LearningGate, GoesOnWhereItWasAfterARestart) {
  const Pipeline learning = pipeline("accept: { at_least: 0 }, audit: 20%, certify: { agreement: 0.8 }");
  {
    Graph graph{learning};
    answered_by_nano(graph, 0, 1000);
  }
  Graph graph{learning};
  EXPECT_GT(answered_by_nano(graph, 1000, 1100), 40);
}

TEST_F(LearningGate, TeachesNothingInATrial) {
  Graph graph{pipeline("accept: { at_least: 0 }"), {.is_trial = true}};
  EXPECT_EQ(answered_by_nano(graph, 0, 300), 0);
}

}  // namespace
}  // namespace slm
