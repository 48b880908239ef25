#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

using ProcessCommand = ProcessPair;

/// More take longer: SLM_TEST_KILLS=200 for a thorough run.
int kills() {
  const char* wanted = std::getenv("SLM_TEST_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : 30;
}

TEST_F(ProcessCommand, GivesTheOutcomesOfOneProcess) {
  const auto file = pipeline({.on_unreachable = "fail"});
  const auto input = requests(100);
  const auto whole =
      slm_graph({"run", file, "--input", input, "--output", folder_ / "whole.jsonl", "--ordered"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto server = cloud(file);
  const auto edge = slm_graph({"run", file, "--process", "edge", "--spool", spools_, "--input", input,
                               "--output", folder_ / "out.jsonl", "--ordered"});
  EXPECT_EQ(edge.exit_code, 0) << edge.err;
  std::istringstream wanted{text_of_file(folder_ / "whole.jsonl")};
  std::istringstream found{text_of_file(folder_ / "out.jsonl")};
  for (std::string wanted_line, found_line; std::getline(wanted, wanted_line);) {
    ASSERT_TRUE(std::getline(found, found_line));
    Json left = Json::parse(wanted_line);
    Json right = Json::parse(found_line);
    left.erase("latency_ms");
    right.erase("latency_ms");
    EXPECT_EQ(left, right);
  }
  server->send_signal(SIGUSR1);
  server->wait_for_error("process cloud has done 100 calls");
  server->send_signal(SIGTERM);
  const auto ended = server->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("process cloud did 100 calls"), std::string::npos) << ended.err;
}

TEST_F(ProcessCommand, LosesNothingWhenTheCalleeIsKilledAgainAndAgain) {
  const auto file = pipeline();
  constexpr int kRequests = 5'000;
  const auto caller = edge(file, requests(kRequests));
  std::mt19937 random{7};
  for (int kill = 0; kill < 20; ++kill) {
    auto server = cloud(file);
    wait_for_output(random() % 100'000);
    server->send_signal(SIGKILL);
    EXPECT_EQ(server->wait().exit_code, 128 + SIGKILL);
  }
  const auto server = cloud(file);
  const auto ended = caller->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
}

TEST_F(ProcessCommand, LosesNothingWhenTheCallerIsKilledAgainAndAgain) {
  const auto file = pipeline();
  constexpr int kRequests = 5'000;
  const auto input = requests(kRequests);
  const auto server = cloud(file);
  std::mt19937 random{7};
  int kills = 0;
  for (; kills < 20; ++kills) {
    const auto caller = edge(file, input);
    wait_for_output(random() % 40'000);
    caller->send_signal(SIGKILL);
    if (caller->wait().exit_code == 0) break;  // it was done before
  }
  EXPECT_GT(kills, 0);
  const auto ended = edge(file, input)->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
}

TEST_F(ProcessCommand, LosesNothingWhenBothAreKilledAgainAndAgain) {
  const auto file = pipeline();
  constexpr int kRequests = 5'000;
  const auto input = requests(kRequests);
  std::mt19937 random{11};
  auto server = cloud(file);
  auto caller = edge(file, input);
  for (int kill = 0; kill < kills(); ++kill) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{random() % 100};
    while (std::chrono::steady_clock::now() < until) {
    }
    if (random() % 2 == 0) {
      server->send_signal(SIGKILL);
      server->wait();
      server = cloud(file);
    } else {
      caller->send_signal(SIGKILL);
      caller->wait();
      caller = edge(file, input);
    }
  }
  const auto ended = caller->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
}

TEST_F(ProcessCommand, SendsLaterWhatWasLeftInTheSpool) {
  const auto file = pipeline();
  {
    Program edge{{SLM_GRAPH_PROGRAM, "run", file, "--process", "edge", "--spool", spools_, "--output",
                  folder_ / "first.jsonl"}};
    edge.write(request(7));
    wait_until_stored(1);
    edge.send_signal(SIGKILL);
    edge.wait();
  }
  const auto server = cloud(file);
  const auto edge =
      slm_graph({"run", file, "--process", "edge", "--spool", spools_, "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(edge.exit_code, 0) << edge.err;
  expect_each_answered_once(1);
  EXPECT_EQ(outcomes(1).begin()->first, 7);
}

TEST_F(ProcessCommand, PutsBackWhatWasRedactedBeforeItWasKilled) {
  const auto file = folder_.write("redact.yaml", R"(pipeline: redact
version: 1
entry: hide
processes:
  edge: {}
  cloud: { listen: "ipc://)" + (folder_ / "socket").string() +
                                                     R"(" }
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  hide: { type: redact, kinds: [email], to: far }
  far: { type: classify, model: nano, on: cloud, on_unreachable: spool, to: hidden }
  hidden: { type: route, by: fields.from, cases: { "[EMAIL_1]": show }, on: cloud, on_unreachable: spool }
  show: { type: restore, to: shown }
  shown: { type: route, by: fields.from, cases: { "bob@x.org": yes } }
  yes: { type: redact, kinds: [email] }
)");
  {
    Program edge{{SLM_GRAPH_PROGRAM, "run", file, "--process", "edge", "--spool", spools_, "--output",
                  folder_ / "first.jsonl"}};
    edge.write("{\"id\": 8, \"text\": \"play some jazz\", \"from\": \"bob@x.org\"}\n");
    wait_until_stored(1);
    edge.send_signal(SIGKILL);
    edge.wait();
  }
  const auto server = cloud(file);
  const auto edge =
      slm_graph({"run", file, "--process", "edge", "--spool", spools_, "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(edge.exit_code, 0) << edge.err;
  expect_each_answered_once(1);
}

TEST_F(ProcessCommand, FinishesWhatHasComeBeforeItEnds) {
  const auto file = pipeline();
  constexpr int kRequests = 5000;
  const auto caller = edge(file, requests(kRequests));
  for (int round = 0; round < 5; ++round) {
    auto server = cloud(file);
    server->send_signal(SIGTERM);
    EXPECT_EQ(server->wait().exit_code, 0);
  }
  const auto server = cloud(file);
  EXPECT_EQ(caller->wait().exit_code, 0);
  expect_each_answered_once(kRequests);
}

TEST_F(ProcessCommand, AnswersFromTheTierBeforeWithoutItsCallee) {
  const auto file = pipeline({.on_unreachable = "{ answer_from: near }"});
  const auto edge = slm_graph({"run", file, "--process", "edge", "--spool", spools_, "--input", requests(10),
                               "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(edge.exit_code, 0) << edge.err;
  expect_each_answered_once(10);
  EXPECT_NE(text_of_file(folder_ / "out.jsonl").find("\"degraded\":true"), std::string::npos);
}

TEST_F(ProcessCommand, TellsWhatIsWrongWithTheCommandLine) {
  const auto file = pipeline({.on_unreachable = "fail"});
  const auto error_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"run", file});
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2);
    return ended.err;
  };
  EXPECT_NE(error_of({"--process", "clowd"})
                .find("no process `clowd`; expected one of: `edge` or `cloud`; did you mean `cloud`?"),
            std::string::npos);
  EXPECT_NE(error_of({"--process", "cloud", "--input", file}).find("is sent its messages by other processes"),
            std::string::npos);
  EXPECT_NE(error_of({"--connect", "cloud=tcp://127.0.0.1:1"}).find("name it with --process"),
            std::string::npos);
  EXPECT_NE(
      error_of({"--process", "edge", "--connect", "cloud"}).find("expected NAME=ADDRESS, found `cloud`"),
      std::string::npos);
}

}  // namespace
}  // namespace slm::testing
