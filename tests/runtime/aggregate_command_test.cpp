#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

/// Runs of the whole program with a pipeline whose window a test opens and closes: it depends on a price.
class AggregateCommand : public ProcessPair {
 protected:
  AggregateCommand() { set_price(5); }

  /// At most 1, and the window is open.
  void set_price(int price) const {
    const auto text = std::to_string(price);
    folder_.write("prices.new",
                  "from,price\n2020-01-01T00:00Z," + text + "\n2200-01-01T00:00Z," + text + ".000\n");
    std::filesystem::rename(folder_ / "prices.new", folder_ / "prices.csv");
  }

  /// `options` of the node `held`.
  std::string held(const std::string& options = "") const {
    return folder_.write("held.yaml", R"(pipeline: nightly
version: 1
entry: held
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  held:
    type: aggregate
    windows: [{ hours: "00:00-24:00", while: { price: prices.csv, at_most: 1 } }]
    to: sort
)" + options + "  sort: { type: classify, model: nano }\n");
  }
  std::vector<std::string> command(const std::string& pipeline, const std::string& input,
                                   const std::vector<std::string>& more = {"--resume"}) const {
    std::vector<std::string> command{"run",     pipeline, "--spool",  spools_,
                                     "--input", input,    "--output", output()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::unique_ptr<Program> start(const std::string& pipeline, const std::string& input,
                                 const std::vector<std::string>& more = {"--resume"}) const {
    auto arguments = command(pipeline, input, more);
    arguments.insert(arguments.begin(), SLM_GRAPH_PROGRAM);
    return std::make_unique<Program>(arguments);
  }
  std::filesystem::path spool() const { return spools_ / "held.held.spool"; }
  int stored() const {
    const auto shown = slm_graph({"spool", spool(), "--json"});
    return nlohmann::json::parse(shown.out)["spools"][0]["entries"].get<int>();
  }
};

TEST_F(AggregateCommand, WhatIsHeldIsThereAfterTheProcessWasKilled) {
  constexpr int kRequests = 300;
  const auto file = held();
  const auto input = requests(kRequests);
  const auto killed = start(file, input);
  killed->wait_for_error("held: holds 300 messages until the price in prices.csv is at most 1");
  killed->send_signal(SIGKILL);
  EXPECT_EQ(killed->wait().exit_code, 128 + SIGKILL);
  EXPECT_EQ(stored(), kRequests);
  EXPECT_EQ(output_size(), 0U);

  set_price(1);
  const auto ended = slm_graph(command(file, input));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
  EXPECT_EQ(stored(), 0) << "what is in the output is forgotten";
}

TEST_F(AggregateCommand, ARunThatWaitsGoesOnWhenItsWindowOpens) {
  const auto file = held();
  const auto waiting = start(file, requests(100), {});
  waiting->wait_for_error("held: holds 100 messages until");
  set_price(1);
  const auto ended = waiting->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(100);
  EXPECT_EQ(stored(), 0);
}

TEST_F(AggregateCommand, AnInterruptLeavesOnDiskWhatIsHeld) {
  const auto file = held();
  const auto interrupted = start(file, requests(100), {"--json"});
  interrupted->wait_for_error("held: holds 100 messages until");
  interrupted->send_signal(SIGINT);
  const auto ended = interrupted->wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("100 messages held on disk; the next run of the pipeline goes on with them"),
            std::string::npos)
      << ended.err;
  const auto report = nlohmann::json::parse(ended.out);
  EXPECT_EQ(report["held"], 100);
  EXPECT_EQ(report["requests"], 0);
  EXPECT_EQ(report["outcomes"]["expired"], 0);
  EXPECT_EQ(output_size(), 0U);
  EXPECT_EQ(stored(), 100);

  set_price(1);
  const auto next = slm_graph(command(file, folder_.write("none.jsonl", ""), {}));
  EXPECT_EQ(next.exit_code, 0) << next.err;
  expect_each_answered_once(100);
  EXPECT_EQ(stored(), 0);
}

TEST_F(AggregateCommand, WhatIsInMemoryAloneIsHeldOnUntilTheSecondInterrupt) {
  const auto file = held();
  const auto interrupted = start(file, requests(10), {"--no-spool"});
  interrupted->wait_for_error("held: holds 10 messages until");
  interrupted->send_signal(SIGINT);
  interrupted->wait_for_error("interrupted: finishing what is in flight");
  EXPECT_FALSE(interrupted->has_ended());
  interrupted->send_signal(SIGINT);
  const auto ended = interrupted->wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  for (const auto& [id, outcome] : outcomes(10)) {
    EXPECT_EQ(outcome["outcome"], "expired");
    EXPECT_EQ(outcome["reason"], "held: cancelled");
  }
  EXPECT_FALSE(std::filesystem::exists(spool()));
}

TEST_F(AggregateCommand, LosesNothingWhenItIsKilledAgainAndAgain) {
  const auto file = held("    rate: 20000/s\n    max_items: 700\n    max_wait: 20ms\n");
  constexpr int kRequests = 5'000;
  const auto input = requests(kRequests);
  set_price(1);
  std::mt19937 random{seed()};
  int kills = 0;
  for (; kills < 20; ++kills) {
    const auto killed = start(file, input);
    wait_for_output(random() % 40'000);
    killed->send_signal(SIGKILL);
    if (killed->wait().exit_code == 0) break;  // it was done before
  }
  EXPECT_GT(kills, 0);
  const auto ended = slm_graph(command(file, input));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
}

TEST_F(AggregateCommand, ADeadlineEndsWhatIsHeldThoughNoWindowOpens) {
  const auto file = held("    urgent: hold\n");
  const auto ended =
      slm_graph(command(file,
                        folder_.write("in.jsonl", R"({"id": 0, "text": "play some jazz", "timeout_ms": 300})"
                                                  "\n"),
                        {}));
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  const auto outcome = outcomes(1).at(0);
  EXPECT_EQ(outcome["outcome"], "expired");
  EXPECT_EQ(outcome["reason"], "held: its deadline came while it was held");
  EXPECT_LT(outcome["latency_ms"].get<double>(), 1300) << "not later than a second";
  EXPECT_EQ(stored(), 0);
}

TEST_F(AggregateCommand, ADamagedSpoolIsSetAsideAndItsMessagesComeFromTheInputAgain) {
  constexpr int kRequests = 2000;
  const auto file = held();
  const auto input = requests(kRequests);
  const auto killed = start(file, input);
  killed->wait_for_error("held: holds 2000 messages until");
  killed->send_signal(SIGINT);
  EXPECT_EQ(killed->wait().exit_code, 3);
  {
    std::fstream damaged{spool(), std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekp(200'000);
    damaged << std::string(20'000, '?');
  }
  set_price(1);
  const auto ended = slm_graph(command(file, input));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("held: its spool was damaged"), std::string::npos) << ended.err;
  expect_each_answered_once(kRequests);
}

TEST_F(AggregateCommand, ASpoolBelongsToOneRunAtATime) {
  const auto file = held();
  const auto first = start(file, requests(1), {});
  first->wait_for_error("held: holds 1 message until");
  const auto second = slm_graph({"run", file, "--spool", spools_, "--output", folder_ / "other.jsonl"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.err.find("held.held.spool"), std::string::npos) << second.err;
}

/// A pipeline of two processes whose first one holds what it sends.
class AggregateProcess : public AggregateCommand {
 protected:
  std::string nightly_pair() const {
    return folder_.write("pair.yaml", R"(pipeline: pair
version: 1
entry: held
processes:
  edge: {}
  cloud: { listen: "ipc://)" + (folder_ / "socket").string() +
                                          R"(" }
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  held:
    type: aggregate
    windows: [{ hours: "00:00-24:00", while: { price: prices.csv, at_most: 1 } }]
    max_items: 500
    max_wait: 10ms
    to: far
  far: { type: classify, model: nano, on: cloud, on_unreachable: spool }
)");
  }
};

TEST_F(AggregateProcess, HandsWhatItHeldOverToTheLinkWhateverIsKilled) {
  const auto file = nightly_pair();
  constexpr int kRequests = 5'000;
  const auto input = requests(kRequests);
  const auto server = cloud(file);
  std::mt19937 random{seed()};
  {
    const auto caller = edge(file, input);
    caller->wait_for_error("held: holds 5000 messages until");
    caller->send_signal(SIGKILL);
    caller->wait();
    EXPECT_EQ(stored(), kRequests);
  }
  set_price(1);
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
  EXPECT_EQ(stored(), 0);
}

/// A disk of its own that nobody else sees, and that goes away with the test.
class AggregateOnSmallDisk : public AggregateCommand {
 protected:
  void SetUp() override {
    spools_ = folder_ / "disk";
    std::filesystem::create_directory(spools_);
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", spools_.c_str(), "tmpfs", 0, "size=6m") != 0)
      GTEST_SKIP() << "a disk of a test's own needs the right to mount one";
    is_mounted_ = true;
  }
  void TearDown() override {
    if (is_mounted_) ::umount2(spools_.c_str(), MNT_DETACH);
  }

 private:
  bool is_mounted_ = false;
};

TEST_F(AggregateOnSmallDisk, AFullDiskIsToldAndWhatItDoesNotTakeIsHeldAllTheSame) {
  constexpr int kRequests = 20'000;
  const auto file = held();
  const auto input = requests(kRequests);
  const auto ballast = spools_ / "ballast";
  std::ofstream{ballast, std::ios::binary} << std::string(2 << 20, 'b');
  const auto run = start(file, input);
  run->wait_for_error("held: holds 20000 messages until");
  const auto& errors = run->errors();
  const auto told = errors.find("held: what it holds is in memory alone, since its disk does not take it: ");
  ASSERT_NE(told, std::string::npos) << errors;
  run->send_signal(SIGKILL);
  run->wait();
  const auto on_disk = stored();
  EXPECT_TRUE(on_disk > 0 && on_disk < kRequests) << on_disk;

  std::filesystem::remove(ballast);
  set_price(1);
  const auto ended = slm_graph(command(file, input));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_each_answered_once(kRequests);
}

}  // namespace
}  // namespace slm::testing
