#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

/// An edge, a dispatcher and its workers, each a real process.
class PoolCommand : public ::testing::Test {
 protected:
  std::unique_ptr<Program> start(const std::vector<std::string>& more, const std::string& until) const {
    std::vector<std::string> arguments{SLM_GRAPH_PROGRAM_WITH_HOLD, "run", file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto program = std::make_unique<Program>(arguments);
    if (!until.empty()) program->wait_for_error(until);
    return program;
  }
  std::unique_ptr<Program> dispatcher() const {
    return start({"--process", "cloud"}, "listens for workers at");
  }
  std::unique_ptr<Program> worker() const {
    return start({"--process", "cloud", "--worker"}, "works for process `cloud`");
  }
  std::unique_ptr<Program> edge(const std::string& input) const {
    return start(
        {"--process", "edge", "--spool", folder_ / "spool", "--input", input, "--output", output_, "--quiet"},
        "");
  }

  std::string requests(int count, int poison = -1) const {
    std::string lines;
    for (int i = 0; i < count; ++i)
      lines += Json{{"id", i}, {"text", i == poison ? "poison" : "play some jazz"}}.dump() + '\n';
    return folder_.write("in.jsonl", lines);
  }

  /// The outcomes by id; each id has one.
  std::map<int, Json> outcomes() const {
    std::map<int, Json> found;
    std::istringstream lines{text_of_file(output_)};
    for (std::string line; std::getline(lines, line);) {
      Json outcome = Json::parse(line);
      const int id = outcome["id"];
      EXPECT_TRUE(found.emplace(id, std::move(outcome)).second) << "twice: " << line;
    }
    return found;
  }

  void expect_all_answered(Program& caller, int count) const {
    const auto ended = caller.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const auto found = outcomes();
    EXPECT_EQ(found.size(), static_cast<std::size_t>(count));
    for (const auto& [id, outcome] : found) EXPECT_EQ(outcome["outcome"], "answered") << outcome;
  }

  TemporaryFolder folder_;
  const std::string output_ = folder_ / "out.jsonl";
  const std::string file_ = folder_.write("pool.yaml", R"(pipeline: pool
version: 1
entry: near
processes:
  edge: {}
  cloud:
    listen: "ipc://socket"
    heartbeat: 500ms
    workers: { listen: "ipc://workers", window: 1 }
nodes:
  near: { type: die, of: nothing, to: far }
  far: { type: die, of: poison, on: cloud, on_unreachable: spool }
)");
};

TEST_F(PoolCommand, LosesNothingWhenWorkersAreKilledAgainAndAgain) {
  constexpr int kRequests = 3'000;
  const auto cloud = dispatcher();
  std::vector<std::unique_ptr<Program>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(worker());
  const auto caller = edge(requests(kRequests));
  std::mt19937 random{7};
  int kills = 0;
  for (; kills < 12 && !caller->has_ended(); ++kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds{random() % 50});
    auto& victim = workers[random() % workers.size()];
    victim->send_signal(SIGKILL);
    EXPECT_EQ(victim->wait().exit_code, 128 + SIGKILL);
    victim = worker();
  }
  EXPECT_GT(kills, 2);
  expect_all_answered(*caller, kRequests);
}

TEST_F(PoolCommand, LosesNothingWhenTheDispatcherIsKilledAgainAndAgain) {
  constexpr int kRequests = 3'000;
  auto cloud = dispatcher();
  const auto one = worker();
  const auto two = worker();
  const auto caller = edge(requests(kRequests));
  std::mt19937 random{7};
  int kills = 0;
  for (; kills < 10 && !caller->has_ended(); ++kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds{random() % 50});
    cloud->send_signal(SIGKILL);
    EXPECT_EQ(cloud->wait().exit_code, 128 + SIGKILL);
    cloud = dispatcher();
  }
  EXPECT_GT(kills, 2);
  expect_all_answered(*caller, kRequests);
}

TEST_F(PoolCommand, FailsAPoisonousMessageAndNoOther) {
  constexpr int kRequests = 300;
  constexpr int kPoison = 100;
  const auto cloud = dispatcher();
  std::vector<std::unique_ptr<Program>> workers;
  workers.push_back(worker());
  workers.push_back(worker());
  const auto caller = edge(requests(kRequests, kPoison));
  int deaths = 0;
  while (!caller->has_ended()) {
    for (auto& one : workers) {
      if (!one->has_ended()) continue;
      ++deaths;
      one = worker();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  EXPECT_EQ(caller->wait().exit_code, 1);
  EXPECT_EQ(deaths, 5);
  const auto found = outcomes();
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kRequests));
  for (const auto& [id, outcome] : found)
    EXPECT_EQ(outcome["outcome"], id == kPoison ? "failed" : "answered") << outcome;
  EXPECT_EQ(found.at(kPoison)["reason"], "5 workers of process `cloud` died while they had this message");
}

}  // namespace
}  // namespace slm::testing
