// Caches from the command line: what they save, what summary and output tell of it, and what survives.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "nodes/link/sqlite.h"
#include "tests/models/openai/fake_server.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

void answer(Visit& visit) {
  visit.respond("200 OK", "",
                R"({"choices":[{"message":{"content":"said"},"finish_reason":"stop"}],)"
                R"("usage":{"prompt_tokens":5,"completion_tokens":3}})");
}

/// Waits until a condition holds; false where it does not within a minute.
bool comes_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 1min;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class CacheCommand : public ::testing::Test {
 protected:
  std::filesystem::path pipeline(const std::string& name = "p.yaml", const std::string& backend = "") {
    const std::string http = "backend: openai, url: '" + server_.url() +
                             "', model: m, logprobs: false, stream: false, retries: 0, concurrency: 1, "
                             "price: { call: 1 }, cache: { file: answers.cache }";
    return folder_.write(name, "pipeline: p\nversion: 1\nentry: a\nmodels:\n  cloud: { " +
                                   (backend.empty() ? http : backend) +
                                   " }\nnodes:\n  a: { type: generate, model: cloud, prompt: '{text}' }\n");
  }
  std::filesystem::path lines(int count, int different) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text +=
          Json{{"id", i}, {"text", "text " + std::to_string(i % different)}, {"label", "said"}}.dump() + "\n";
    return folder_.write("in.jsonl", text);
  }
  /// In the order of their ids: an answer that was kept may come before the one that it was asked after.
  std::vector<Json> outcomes() {
    std::vector<Json> all;
    std::istringstream stream{text_of_file(folder_ / "out.jsonl")};
    for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
    std::ranges::sort(all, {}, [](const Json& outcome) { return outcome.at("id").dump(); });
    return all;
  }
  Ended run(const std::vector<std::string>& more = {}, const std::filesystem::path& pipeline = {}) {
    std::vector<std::string> arguments{"run",      (pipeline.empty() ? this->pipeline() : pipeline).string(),
                                       "--input",  folder_ / "in.jsonl",
                                       "--output", folder_ / "out.jsonl"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return slm_graph(arguments);
  }

  TemporaryFolder folder_;
  /// The visit that is never answered, if any.
  std::atomic<int> stuck_ = -1;
  FakeServer server_{
      [this](Visit& visit) { visit.number == stuck_ ? visit.wait_until_closed() : answer(visit); }};
};

TEST_F(CacheCommand, AsksForWhatIsNewAndTellsTheRest) {
  lines(8, 2);
  const Ended first = run();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(server_.requests(), 2);
  EXPECT_THAT(first.err, HasSubstr("from cache"));
  EXPECT_THAT(first.err, HasSubstr("6 (75"));
  int cached = 0;
  double cost = 0;
  for (const Json& outcome : outcomes()) {
    cached += outcome.value("cached", false) ? 1 : 0;
    cost += outcome.at("cost").get<double>();
    EXPECT_EQ(outcome.at("answer"), "said");
  }
  EXPECT_EQ(cached, 6);
  EXPECT_EQ(cost, 2);

  const Ended second = run({"--json"});
  EXPECT_EQ(server_.requests(), 2);
  const Json tier = Json::parse(second.out).at("tiers").at(0);
  EXPECT_EQ(tier.at("cache"), (Json{{"visits", 8}, {"hits", 8}}));
  EXPECT_EQ(tier.at("cost"), 0);
}

TEST_F(CacheCommand, WritesWhatItSavedIntoADatabaseToo) {
  lines(3, 1);
  const Ended ended = slm_graph({"run", pipeline(), "--input", folder_ / "in.jsonl", "--output",
                                 folder_ / "out.db", "--in-flight", "1"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const link::Database database{folder_ / "out.db", link::Database::Access::read_only};
  EXPECT_EQ(database.number("SELECT count(*) FROM outcomes WHERE cached"), 2);
  EXPECT_EQ(database.number("SELECT count(*) FROM outcomes WHERE cached IS NULL"), 1);
}

TEST_F(CacheCommand, HasAfterAKillWhatWasAnsweredBefore) {
  constexpr int kAnswered = 100;
  lines(150, 150);
  stuck_ = kAnswered;
  {
    Program program{{SLM_GRAPH_PROGRAM, "run", pipeline(), "--input", folder_ / "in.jsonl", "--output",
                     folder_ / "out.jsonl"}};
    EXPECT_TRUE(comes_true([&] { return server_.requests() > kAnswered; }));
    // Each is written soon after it came.
    EXPECT_TRUE(comes_true([&] {
      const link::Database database{folder_ / "answers.cache", link::Database::Access::read_only};
      return database.number("SELECT count(*) FROM answers") == kAnswered;
    }));
    program.send_signal(SIGKILL);
    program.wait();
  }
  const Ended again = run();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("damaged")));
  EXPECT_EQ(server_.requests(), kAnswered + 1 + 50);
}

TEST_F(CacheCommand, LeavesARecordingWholeAndWithoutRepeats) {
  lines(6, 3);
  run();
  const Ended recorded = run({"--record", folder_ / "rec.jsonl"});
  EXPECT_EQ(server_.requests(), 3);
  EXPECT_THAT(recorded.err, HasSubstr("recorded  3 calls, 3 more known already"));
  const auto replay = pipeline("replay.yaml", "backend: replay, file: rec.jsonl, cache: {}");
  const Ended replayed = run({}, replay);
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_EQ(server_.requests(), 3);
  ASSERT_EQ(outcomes().size(), 6U);
  double cost = 0;
  for (const Json& outcome : outcomes()) cost += outcome.at("cost").get<double>();
  EXPECT_EQ(cost, 3) << "the recording holds what the calls cost once, and a replayed repeat is spared too";
}

TEST_F(CacheCommand, IsNotUsedWhereModelsAreMeasured) {
  lines(4, 1);
  run();
  EXPECT_EQ(server_.requests(), 1);
  const Ended ended = slm_graph({"evaluate", pipeline(), "--data", folder_ / "in.jsonl"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(server_.requests(), 5);
}

TEST_F(CacheCommand, TellsNearQuestionsApart) {
  const auto near =
      pipeline("near.yaml", "backend: openai, url: '" + server_.url() +
                                "', model: m, logprobs: false, stream: false, price: { call: 1 }, "
                                "cache: { nearest: { at_least: 0.7, audit: 0% } }");
  folder_.write("in.jsonl", R"({"text": "play some jazz for me"})"
                            "\n"
                            R"({"text": "please play some jazz for me"})"
                            "\n"
                            R"({"text": "play some jazz for me"})"
                            "\n");
  const Ended text = run({"--in-flight", "1", "--record", folder_ / "rec.jsonl"}, near);
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_THAT(text.err, HasSubstr("2 (66.7 %), 1 near"));
  EXPECT_THAT(text.err, HasSubstr("recorded  1 call, 1 more known already"))
      << "nobody asked the model the other";
  ASSERT_EQ(outcomes().size(), 3U);
  EXPECT_FALSE(outcomes()[0].contains("nearest"));
  EXPECT_TRUE(outcomes()[1].at("cached"));
  EXPECT_GT(outcomes()[1].at("nearest"), 0.7);
  EXPECT_EQ(outcomes()[1].at("cost"), 0);
  EXPECT_TRUE(outcomes()[2].at("cached"));
  EXPECT_FALSE(outcomes()[2].contains("nearest"));
  const Json tier = Json::parse(run({"--in-flight", "1", "--json"}, near).out).at("tiers").at(0);
  EXPECT_EQ(tier.at("cache"), (Json{{"visits", 3}, {"hits", 2}, {"nearest", 1}}));
  const Ended plan = slm_graph({"explain", near});
  EXPECT_THAT(plan.out, HasSubstr("near questions too, of a cosine of at least 0.7 by words and letters"));
}

TEST_F(CacheCommand, IsExplained) {
  const Ended text = slm_graph({"explain", pipeline()});
  EXPECT_THAT(text.out, HasSubstr("cloud keeps its answers: at most 100,000 and 64 MiB, in "));
  const Ended json = slm_graph({"explain", pipeline(), "--json"});
  EXPECT_EQ(Json::parse(json.out).at("models").at(0).at("cache").at("max_items"), 100'000);
}

}  // namespace
}  // namespace slm::testing
