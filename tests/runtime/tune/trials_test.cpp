#include "runtime/trials/trials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "nodes/builtin.h"
#include "tests/runtime/nano_model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;

/// Three gates, one of which leads on by two ways, over real models.
std::string pipeline_with(double first, double second, double third) {
  std::ostringstream yaml;
  yaml << R"(pipeline: three_gates
version: 1
entry: a
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  a: { type: classify, model: nano, to: a_gate }
  a_gate:
    type: gate
    confidence: { signal: max_prob }
    reject: { label: music, at_least: )"
       << first << R"( }
    accept: { label: weather, at_least: )"
       << second << R"(, to: b }
    escalate: { to: c }
  b: { type: classify, model: nano, prompt: "{text} rain", to: b_gate }
  b_gate:
    type: gate
    confidence: { signal: margin }
    accept: { at_least: )"
       << third << R"( }
    escalate: { to: c }
  c: { type: classify, model: nano, prompt: "song {text}" }
)";
  return yaml.str();
}

class Trials : public ::testing::Test {
 protected:
  Trials() {
    register_builtin_nodes();
    testing::train_nano_model(folder_ / "nano.slm");
    const char* texts[] = {"play a song", "rain in town", "song of the rain", "x", "", "weather and music"};
    for (const char* text : texts) {
      InputItem line;
      line.request.text = text;
      line.expectation.label = "weather";
      lines_.push_back(line);
    }
  }

  Pipeline pipeline(double first, double second, double third) const {
    return Pipeline::parse(pipeline_with(first, second, third), folder_ / "p.yaml");
  }

  const TemporaryFolder folder_;
  std::vector<InputItem> lines_;
};

TEST_F(Trials, TellWhatThePipelineDoesWithAnyBars) {
  TrialRunner runner{pipeline(0.5, 0.5, 0.5)};
  const std::vector<Trial> trials = runner.run(lines_);
  ASSERT_EQ(trials.size(), lines_.size());
  std::size_t ways = 0;
  const double bars[] = {0, 0.6, 0.9, 0.999, 1};
  for (const double first : bars)
    for (const double second : bars)
      for (const double third : bars) {
        Graph graph{pipeline(first, second, third)};
        for (std::size_t i = 0; i < lines_.size(); ++i) {
          const Outcome outcome = graph.submit(lines_[i].request).get();
          const Ending& ending = end_of(trials[i], {Bars{first, second}, Bars{.accept = third}});
          EXPECT_EQ(ending.kind, outcome.kind) << lines_[i].request.text;
          EXPECT_EQ(ending.label, outcome.answer.label);
          EXPECT_EQ(ending.is_right, is_right(lines_[i].expectation, outcome));
          const auto calls = static_cast<std::size_t>(std::ranges::count_if(
              outcome.trace, [](const Hop& hop) { return hop.node.find("gate") == std::string_view::npos; }));
          EXPECT_EQ(ending.usage.calls, calls);
          ways += calls;
        }
      }
  EXPECT_GT(ways, 750U) << "the bars made no difference";
}

TEST_F(Trials, RunAgainOnlyWhereAGateLeadsOnByMoreThanOneWay) {
  TrialRunner runner{pipeline(0.5, 0.5, 0.5)};
  runner.run(lines_);
  EXPECT_EQ(runner.progress().done, 2 * lines_.size());
  EXPECT_EQ(runner.gates().size(), 2U);
  EXPECT_EQ(runner.gates()[0].name, "a_gate");
}

TEST_F(Trials, JudgeTheAnswerThatCameToAGate) {
  TrialRunner runner{pipeline(0.5, 0.5, 0.5)};
  const auto trials = runner.run(lines_);
  const Visit& song = trials[0].visits[trials[0].start.index];
  EXPECT_EQ(song.answer.label, "music");
  EXPECT_EQ(song.is_right, false);
  EXPECT_TRUE(song.is_allowed[static_cast<std::size_t>(Way::reject)]);
  EXPECT_FALSE(song.is_allowed[static_cast<std::size_t>(Way::accept)]);
  const Visit& rain = trials[1].visits[trials[1].start.index];
  EXPECT_EQ(rain.is_right, true);
  EXPECT_GT(rain.confidence.value(), 0.5);
  EXPECT_FALSE(rain.answer.evidence.labels.empty());
}

}  // namespace
}  // namespace slm::runtime
