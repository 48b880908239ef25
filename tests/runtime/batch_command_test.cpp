// Batches from the command line: each request is paid for once, whatever is killed when.

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "tests/models/openai/batch_server.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class BatchCommand : public ::testing::Test {
 protected:
  std::filesystem::path pipeline(const std::string& batch = "max_items: 5, max_wait: 20ms, poll: 20ms",
                                 const std::string& more = "") const {
    return folder_.write("p.yaml",
                         "pipeline: p\nversion: 1\nentry: night\n" + more +
                             "models:\n  medium: { backend: openai, url: '" + server_.url() +
                             "', model: m, logprobs: false, batch: { journal: batches, " + batch +
                             " }, price: { call: 1 } }\n"
                             "nodes:\n"
                             "  night: { type: aggregate, max_items: 10, max_wait: 20ms, to: ask }\n"
                             "  ask: { type: generate, model: medium, prompt: '{text}' }\n");
  }
  std::filesystem::path lines(int count) const {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += Json{{"id", i}, {"text", "text " + std::to_string(i)}}.dump() + "\n";
    return folder_.write("in.jsonl", text);
  }
  std::vector<std::string> command(const std::filesystem::path& pipeline, const std::filesystem::path& input,
                                   const std::vector<std::string>& more) const {
    std::vector<std::string> command{
        "run", pipeline, "--input", input, "--output", folder_ / "out.jsonl", "--spool", folder_ / "spool"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::unique_ptr<Program> start(std::vector<std::string> command) const {
    command.insert(command.begin(), SLM_GRAPH_PROGRAM);
    return std::make_unique<Program>(command);
  }
  /// By id; fails the test for one that has several.
  std::map<int, Json> outcomes() const {
    std::map<int, Json> all;
    std::istringstream stream{text_of_file(folder_ / "out.jsonl")};
    for (std::string line; std::getline(stream, line);) {
      auto outcome = Json::parse(line);
      const int id = outcome["id"];
      EXPECT_TRUE(all.emplace(id, std::move(outcome)).second) << "twice: " << line;
    }
    return all;
  }
  void expect_each_answered_and_asked_once(int count) const {
    const auto all = outcomes();
    EXPECT_THAT(all, SizeIs(count));
    for (const auto& [id, outcome] : all) EXPECT_EQ(outcome["answer"], "said text " + std::to_string(id));
    const auto asked = server_.asked();
    EXPECT_THAT(asked, SizeIs(count));
    EXPECT_THAT(asked, Each(Pair(::testing::_, 1)));
  }

  TemporaryFolder folder_;
  BatchServer server_;
};

/// Where the process is killed: at the server's first request that begins so, before or after the server has
/// done what it asks for.
struct Kill {
  std::string at;
  bool is_done;
};

class KilledBatchCommand : public BatchCommand, public ::testing::WithParamInterface<std::string> {};

TEST_P(KilledBatchCommand, PaysOnceAndAnswersOnce) {
  constexpr int kRequests = 20;
  const auto input = lines(kRequests);
  std::vector<std::string> more{GetParam()};
  if (GetParam() == "--checkpoint") more.push_back(folder_ / "run.checkpoint");
  const auto again = command(pipeline(), input, more);
  server_.answer_at_once();
  for (const auto& [at, is_done] :
       {Kill{"POST /v1/files", false}, Kill{"POST /v1/batches", false}, Kill{"POST /v1/batches", true},
        Kill{"GET /v1/batches?", false}, Kill{"POST /v1/batches", true}, Kill{"GET /v1/batches/", false},
        Kill{"GET /v1/files/", false}}) {
    std::atomic<bool> is_there = false;
    server_.intercept([&, at = at, is_done = is_done](const std::string& line, Visit& visit) {
      if (is_there || !line.starts_with(at) || (at.ends_with("batches") && line != at))
        return is_there.load();
      if (is_done) server_.begin(visit.body);
      is_there = true;
      visit.wait_until_closed();
      return true;
    });
    const auto killed = start(again);
    ASSERT_TRUE(server_.becomes([&] { return is_there || killed->has_ended(); }));
    ASSERT_TRUE(is_there) << at << ": " << killed->wait().err;
    killed->send_signal(SIGKILL);
    EXPECT_EQ(killed->wait().exit_code, 128 + SIGKILL);
    server_.intercept(nullptr);
  }
  const auto ended = slm_graph(again);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_and_asked_once(kRequests);
}

INSTANTIATE_TEST_SUITE_P(Ways, KilledBatchCommand, ::testing::Values("--resume", "--checkpoint"),
                         [](const auto& way) { return way.param.substr(2); });

TEST_F(BatchCommand, PaysOnceThoughItIsKilledAgainAndAgain) {
  constexpr int kRequests = 150;
  const auto again = command(pipeline(), lines(kRequests), {"--resume"});
  server_.answer_at_once();
  std::mt19937 random{1};
  int kills = 0;
  for (; kills < 8; ++kills) {
    // Killed as the server reads some request, which it then still does what it asks for.
    std::atomic<int> left = 5 + static_cast<int>(random() % 40);
    std::atomic<bool> is_reached = false;
    server_.intercept([&](const std::string&, Visit&) {
      if (--left == 0) is_reached = true;
      return false;
    });
    const auto killed = start(again);
    ASSERT_TRUE(server_.becomes([&] { return is_reached || killed->has_ended(); }));
    killed->send_signal(SIGKILL);
    const bool was_done = killed->wait().exit_code == 0;
    server_.intercept(nullptr);
    if (was_done) break;
  }
  EXPECT_GT(kills, 2);
  const auto ended = slm_graph(again);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_and_asked_once(kRequests);
}

TEST_F(BatchCommand, AnswersThatWereNotWrittenAreNotPaidForAgain) {
  constexpr int kRequests = 10;
  const auto again =
      command(pipeline("max_items: 10, max_wait: 60s, poll: 20ms"), lines(kRequests), {"--resume"});
  const auto killed = start(again);
  ASSERT_TRUE(server_.has_batches(1));
  server_.end_all();
  // The answers are there as soon as this is told.
  killed->wait_for_error("medium: batch batch_1: completed, 10 answers");
  killed->send_signal(SIGKILL);
  killed->wait();
  // As if the kill had come before the output.
  folder_.write("out.jsonl", "");
  std::filesystem::remove_all(folder_ / "spool");
  const auto ended = slm_graph(again);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_and_asked_once(kRequests);
  EXPECT_EQ(server_.uploads(), 1);
}

TEST_F(BatchCommand, AnInterruptLeavesBatchesToTheNextRun) {
  constexpr int kRequests = 10;
  const auto again =
      command(pipeline("max_items: 10, max_wait: 60s, poll: 20ms"), lines(kRequests), {"--resume"});
  const auto interrupted = start(again);
  interrupted->wait_for_error("medium: batch batch_1: sent, 10 requests");
  interrupted->send_signal(SIGINT);
  const auto left = interrupted->wait();
  EXPECT_EQ(left.exit_code, 3) << left.err;
  EXPECT_THAT(left.err, HasSubstr("10 messages held on disk"));
  EXPECT_THAT(outcomes(), SizeIs(0));
  EXPECT_EQ(server_.batches().front().status, "in_progress");
  server_.end_all();
  const auto ended = slm_graph(again);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_and_asked_once(kRequests);
}

TEST_F(BatchCommand, TenThousandRequestsAreOneBatchWithoutMoreInFlight) {
  constexpr int kRequests = 10'000;
  server_.answer_at_once();
  const auto ended =
      slm_graph(command(pipeline("max_wait: 60s, poll: 20ms"), lines(kRequests), {"--no-spool"}));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(server_.batches(), SizeIs(1));
  expect_each_answered_and_asked_once(kRequests);
}

TEST_F(BatchCommand, ExplainTellsOfBatches) {
  const auto text = slm_graph({"explain", pipeline()});
  EXPECT_THAT(text.out,
              HasSubstr("medium asks in batches: at most 5 requests and 100 MiB, gathered for 20 ms, "
                        "answered within 24h, looked at every 20 ms; journal in "));
  const auto json = Json::parse(slm_graph({"explain", pipeline(), "--json"}).out);
  EXPECT_EQ(json["models"][0]["batch"]["max_items"], 5);
}

TEST_F(BatchCommand, ATimeoutThatNoBatchCanMeetIsAnError) {
  const auto ended = slm_graph({"validate", pipeline("poll: 30s", "timeout: 60s\n")});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err + ended.out, HasSubstr("no answer of model `medium` would be in time"));
  EXPECT_EQ(slm_graph({"validate", pipeline("poll: 30s", "timeout: 2h\n")}).exit_code, 0);
}

TEST_F(BatchCommand, WhatIsTriedOutIsAskedAtOnce) {
  server_.intercept([](const std::string& line, Visit& visit) {
    if (line != "POST /v1/chat/completions") return false;
    visit.respond("200 OK", "", R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})");
    return true;
  });
  const auto labelled = folder_.write("labelled.jsonl", "{\"text\":\"t\",\"expected\":\"x\"}\n");
  const auto ended = slm_graph({"evaluate", pipeline(), "--data", labelled});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(server_.uploads(), 0);
}

}  // namespace
}  // namespace slm::testing
