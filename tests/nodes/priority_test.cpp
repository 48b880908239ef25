#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "nodes/link/process.h"

namespace slm {
namespace {

const std::filesystem::path kAssistant = SLM_GRAPH_ASSISTANT;
constexpr int kBatch = 400;
constexpr int kInteractive = 10;

std::vector<std::string> texts() {
  std::vector<std::string> texts;
  std::ifstream requests{kAssistant / "requests.jsonl"};
  for (std::string line; std::getline(requests, line);) texts.push_back(nlohmann::json::parse(line)["text"]);
  return texts;
}

Pipeline pipeline_of(const std::string& processes) {
  register_builtin_nodes();
  return Pipeline::parse("pipeline: shared\nversion: 1\nentry: mark\n" + processes + R"(
models:
  small: { backend: llama, file: small-q8_0.gguf, context: 256, slots: 8, threads: 1 }
nodes:
  mark: { type: redact, kinds: [card], to: draft }
  draft: { type: generate, model: small, prompt: "{text}\n", max_tokens: 24)" +
                             (processes.empty() ? "" : ", on: cloud, on_unreachable: fail") + " }\n",
                         kAssistant / "shared.yaml");
}

/// How many of the requests of batch work had ended when interactive ones, asked one after the other, had.
int ended_before_the_interactive(Graph& batch, Graph& interactive) {
  const auto requests = texts();
  std::atomic<int> ended = 0;
  std::promise<void> begun;
  for (int i = 0; i < kBatch; ++i) {
    batch.submit(
        {.text = requests[static_cast<std::size_t>(i) % requests.size()], .priority = Priority::batch},
        [&](const Outcome& outcome) {
          EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
          if (++ended == 1) begun.set_value();
        });
  }
  begun.get_future().wait();
  for (int i = 0; i < kInteractive; ++i) {
    const Outcome outcome = interactive.submit({.text = requests[static_cast<std::size_t>(i)]}).get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  }
  const int before = ended;
  batch.drain();
  EXPECT_EQ(ended, kBatch);
  return before;
}

TEST(PriorityOfMessages, LetsInteractiveOnesPassBatchWorkAtAModel) {
  Graph graph{pipeline_of("")};
  EXPECT_LT(ended_before_the_interactive(graph, graph), kBatch / 2);
}

TEST(PriorityOfMessages, LetsInteractiveOnesPassTheBatchWorkOfAnotherProcess) {
  const Pipeline pipeline =
      pipeline_of("processes: { edge: { durable: false }, cloud: { listen: \"tcp://127.0.0.1:5555\" } }");
  link::ProcessOptions options;
  options.out_of_reach = std::chrono::seconds{30};
  options.name = "cloud";
  options.listen = "tcp://127.0.0.1:*";
  link::Process cloud{pipeline, options};
  options.name = "edge";
  options.listen.clear();
  options.connect = {{"cloud", cloud.address()}};
  link::Process files{pipeline, options};
  link::Process people{pipeline, options};
  EXPECT_LT(ended_before_the_interactive(files.graph(), people.graph()), kBatch / 2);
}

}  // namespace
}  // namespace slm
