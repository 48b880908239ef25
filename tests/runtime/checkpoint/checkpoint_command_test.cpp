// `slm-graph run --checkpoint`, killed at whatever point.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "nodes/link/sqlite.h"
#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

int kills() {
  const char* given = std::getenv("SLM_TEST_KILLS");
  return given != nullptr ? std::atoi(given) : 12;
}

/// Outcomes without what differs from run to run.
std::vector<Json> outcomes_in(const std::filesystem::path& file) {
  std::ifstream lines{file};
  std::vector<Json> outcomes;
  for (std::string line; std::getline(lines, line);) {
    auto& outcome = outcomes.emplace_back(Json::parse(line));
    outcome.erase("latency_ms");
  }
  return outcomes;
}

class CheckpointCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    folder_.write("sorter.yaml", kSorterPipeline);
  }

  /// Some lines of which are no requests.
  void write_input(const std::string& name, int count) const {
    std::ofstream input{folder_ / name};
    for (int i = 0; i < count; ++i) {
      if (i % 97 == 5)
        input << "{\"id\": " << i << ", \"text\": 7}\n";
      else
        input << "{\"id\": " << i << ", \"text\": \"" << (i % 3 == 0 ? "play some jazz" : "will it snow")
              << "\"}\n";
    }
  }

  std::vector<std::string> command(const std::string& output, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        SLM_GRAPH_PROGRAM,         "run",      folder_ / "sorter.yaml", "--input",
        folder_ / "in.jsonl",      "--output", folder_ / output,        "--checkpoint",
        folder_ / "run.checkpoint"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Ended run(const std::string& output, const std::vector<std::string>& more = {}) const {
    return Program{command(output, more)}.wait();
  }

  /// Runs it again and again, killed each time once it has written some more, until it ends by itself. On a
  /// busy machine it may end before the last kill; most of them must have come before.
  Ended run_killed(const std::string& output, const std::vector<std::string>& more, int times) {
    int killed = 0;
    while (killed < times) {
      Program program{command(output, more)};
      const auto size = size_of(output);
      const auto more_bytes = std::uniform_int_distribution<std::uintmax_t>{0, 60'000}(random_);
      while (!program.has_ended() && size_of(output) < size + more_bytes) ::usleep(200);
      if (program.has_ended()) break;
      program.send_signal(SIGKILL);
      const auto ended = program.wait();
      if (ended.exit_code != 128 + SIGKILL) break;
      ++killed;
    }
    EXPECT_GE(killed, std::min(times, 4));
    return run(output, more);
  }

  std::uintmax_t size_of(const std::string& output) const {
    std::uintmax_t size = 0;
    for (const char* suffix : {"", "-wal"}) {
      std::error_code error;
      const auto found = std::filesystem::file_size((folder_ / output).string() + suffix, error);
      if (!error) size += found;
    }
    return size;
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_{7};
};

constexpr int kLines = 30'000;

TEST_F(CheckpointCommand, KilledAgainAndAgainWritesWhatAWholeRunDoes) {
  write_input("in.jsonl", kLines);
  const auto whole =
      slm_graph({"run", folder_ / "sorter.yaml", "--input", folder_ / "in.jsonl", "--output",
                 folder_ / "whole.jsonl", "--failed", folder_ / "whole_failed.jsonl", "--ordered"});
  EXPECT_EQ(whole.exit_code, 1) << whole.err;
  const auto ended = run_killed(
      "out.jsonl", {"--ordered", "--in-flight", "64", "--failed", folder_ / "failed.jsonl"}, kills());
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl"), outcomes_in(folder_ / "whole.jsonl"));
  EXPECT_EQ(text_of_file(folder_ / "failed.jsonl"), text_of_file(folder_ / "whole_failed.jsonl"));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("sorter: 30,000 requests"), HasSubstr("were done before"),
                               HasSubstr("29,690 answered, 310 failed")));
}

TEST_F(CheckpointCommand, WithoutOrderHasEachOutcomeOnce) {
  write_input("in.jsonl", kLines);
  run_killed("out.jsonl", {"--in-flight", "64"}, kills());
  auto outcomes = outcomes_in(folder_ / "out.jsonl");
  ASSERT_EQ(outcomes.size(), kLines);
  std::ranges::sort(outcomes, {}, [](const Json& outcome) { return outcome["id"].get<int>(); });
  for (int i = 0; i < kLines; ++i) ASSERT_EQ(outcomes[static_cast<std::size_t>(i)]["id"], i);
}

TEST_F(CheckpointCommand, OfADatabaseIsAsExact) {
  write_input("in.jsonl", kLines);
  run_killed("out.db", {"--ordered", "--in-flight", "64"}, kills());
  const link::Database database{folder_ / "out.db", link::Database::Access::read_only};
  EXPECT_EQ(database.number("SELECT count(*) FROM outcomes WHERE number = id + 1"), kLines);
  EXPECT_EQ(
      database.number("SELECT count(*) FROM outcomes WHERE outcome = 'failed' AND reason LIKE '%text%'"),
      310);
  EXPECT_EQ(database.number("SELECT count(*) FROM outcomes WHERE label = 'music' AND tier = 'nano'"), 9897);
}

TEST_F(CheckpointCommand, GoesOnAmidSeveralFilesPackedOnesToo) {
  write_input("in.jsonl", kLines);
  ASSERT_EQ(std::system(("cd " + folder_.path().string() +
                         " && cp in.jsonl more.jsonl && gzip -k in.jsonl && mv in.jsonl.gz "
                         "packed.jsonl.gz && printf 'id,text\\n' > table.csv && for i in $(seq 20000); do "
                         "printf '%s,\"a song\nof two lines\"\\n' $i; done >> table.csv")
                            .c_str()),
            0);
  run_killed("out.jsonl",
             {"--ordered", "--in-flight", "64", "--input", folder_ / "packed.jsonl.gz", "--input",
              folder_ / "table.csv"},
             kills());
  const auto outcomes = outcomes_in(folder_ / "out.jsonl");
  ASSERT_EQ(outcomes.size(), 2 * kLines + 20'000);
  for (int i = 0; i < 2 * kLines; ++i) ASSERT_EQ(outcomes[static_cast<std::size_t>(i)]["id"], i % kLines);
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(outcomes[static_cast<std::size_t>(2 * kLines + i)]["id"], std::to_string(i + 1));
}

TEST_F(CheckpointCommand, OnceDoneNothingIsDoneAgain) {
  write_input("in.jsonl", 300);
  EXPECT_EQ(run("out.jsonl", {"--ordered"}).exit_code, 1);
  const auto output = text_of_file(folder_ / "out.jsonl");
  const auto again = run("out.jsonl", {"--ordered"});
  EXPECT_EQ(again.exit_code, 1) << "as before: some failed";
  EXPECT_EQ(text_of_file(folder_ / "out.jsonl"), output) << "to the latencies";
  EXPECT_THAT(again.err, HasSubstr("300 of them were done before"));
}

TEST_F(CheckpointCommand, InterruptedIsGoneOnWith) {
  write_input("in.jsonl", 200'000);
  {
    Program program{command("out.jsonl", {"--ordered"})};
    while (!program.has_ended() && size_of("out.jsonl") == 0) ::usleep(200);
    program.send_signal(SIGINT);
    const auto ended = program.wait();
    EXPECT_EQ(ended.exit_code, 3) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("the same command goes on"));
  }
  EXPECT_EQ(run("out.jsonl", {"--ordered"}).exit_code, 1);
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 200'000U);
}

TEST_F(CheckpointCommand, WhatWasGivenUpIsDoneByTheNextRun) {
  folder_.write(
      "holder.yaml",
      "pipeline: holder\nversion: 1\nentry: wait\nnodes:\n  wait: { type: hold, release: release }\n");
  ASSERT_EQ(::mkfifo((folder_ / "release").c_str(), 0600), 0);
  folder_.write("in.jsonl", "{\"id\": 1, \"text\": \"x\"}\n{\"id\": 2, \"text\": \"x\"}\n{\"id\": 3}\n");
  const std::vector<std::string> arguments = {
      SLM_GRAPH_PROGRAM_WITH_HOLD, "run",      folder_ / "holder.yaml", "--input",
      folder_ / "in.jsonl",        "--output", folder_ / "out.jsonl",   "--checkpoint",
      folder_ / "run.checkpoint"};
  {
    Program program{arguments};
    while (!program.has_ended() && size_of("out.jsonl") == 0) ::usleep(200);
    program.send_signal(SIGINT);
    program.wait_for_error("interrupt again");
    program.send_signal(SIGINT);
    EXPECT_EQ(program.wait().exit_code, 3);
    EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 1U) << "the line that is no request";
  }
  Program program{arguments};
  { const std::ofstream released{folder_ / "release"}; }
  EXPECT_EQ(program.wait().exit_code, 1);
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 3U);
}

TEST_F(CheckpointCommand, RefusesAnInputThatChangedAndAnOutputThatWasShortened) {
  write_input("in.jsonl", 300);
  EXPECT_EQ(run("out.jsonl").exit_code, 1);
  const auto output = text_of_file(folder_ / "out.jsonl");
  std::filesystem::resize_file(folder_ / "out.jsonl", output.size() - 10);
  const auto shortened = run("out.jsonl");
  EXPECT_EQ(shortened.exit_code, 2);
  EXPECT_THAT(shortened.err,
              HasSubstr("has been shortened: it had " + std::to_string(output.size()) + " bytes"));

  folder_.write("out.jsonl", output);
  std::ofstream{folder_ / "in.jsonl", std::ios::app} << "{\"id\": 300, \"text\": \"one more\"}\n";
  folder_.write("sorter.yaml", std::string{kSorterPipeline} + "# changed\n");
  const auto changed = run("out.jsonl", {"--ordered"});
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, AllOf(HasSubstr("this has changed:"), HasSubstr("the pipeline "),
                                 HasSubstr("sorter.yaml: was "), HasSubstr("input 1: was "),
                                 HasSubstr("--ordered: was no, is yes")));
  EXPECT_EQ(text_of_file(folder_ / "out.jsonl"), output) << "it is left as it was";
}

TEST_F(CheckpointCommand, WhatCannotBeReadAgainIsToldAtTheStart) {
  const auto ended = slm_graph({"run", folder_ / "sorter.yaml", "--output", folder_ / "out.jsonl",
                                "--checkpoint", folder_ / "run.checkpoint"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("standard input cannot be read again"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run.checkpoint"));
  write_input("in.jsonl", 3);
  EXPECT_THAT(slm_graph({"run", folder_ / "sorter.yaml", "--input", folder_ / "in.jsonl", "--checkpoint",
                         folder_ / "run.checkpoint"})
                  .err,
              HasSubstr("name a file with --output"));
  EXPECT_THAT(run("out.jsonl", {"--resume"}).err, HasSubstr("leave one of them out"));
  EXPECT_THAT(slm_graph({"run", folder_ / "sorter.yaml", "--input", folder_ / "in.jsonl", "--output",
                         folder_ / "out.db", "--resume"})
                  .err,
              HasSubstr("go on with a database by --checkpoint"));
  EXPECT_THAT(Program({SLM_GRAPH_PROGRAM, "run", folder_ / "sorter.yaml", "--input", folder_ / "in.jsonl",
                       "--output", folder_ / "out.jsonl", "--checkpoint", folder_ / "out.jsonl"})
                  .wait()
                  .err,
              HasSubstr("is the checkpoint"));
}

TEST_F(CheckpointCommand, ABudgetIsOfAllPartsOfARunAndARaisedOneGoesOn) {
  std::string priced = kSorterPipeline;
  priced.replace(priced.find("nano.slm"), 8, "nano.slm, price: { call: 0.25 }");
  folder_.write("sorter.yaml", priced);
  std::ofstream{folder_ / "in.jsonl"} << [] {
    std::string lines;
    for (int i = 0; i < 500; ++i) lines += "{\"text\": \"play some jazz\"}\n";
    return lines;
  }();
  const auto first = run("out.jsonl", {"--budget", "cost=25"});
  EXPECT_EQ(first.exit_code, 3) << first.err;
  EXPECT_THAT(first.err, HasSubstr("the budget cost=25 is reached: 100 requests done"));
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 100U) << "not one call too many";
  EXPECT_EQ(run("out.jsonl", {"--budget", "cost=25"}).exit_code, 3);
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 100U) << "nothing is left of it";
  const auto second = run("out.jsonl", {"--budget", "cost=1000", "--budget", "calls=150"});
  EXPECT_THAT(second.err, HasSubstr("the budget calls=150 is reached"));
  EXPECT_EQ(run("out.jsonl").exit_code, 0);
  EXPECT_EQ(outcomes_in(folder_ / "out.jsonl").size(), 500U);
}

TEST_F(CheckpointCommand, RefusesABudgetThatIsNone) {
  write_input("in.jsonl", 3);
  for (const char* wrong : {"cost", "cost=", "cost=-1", "cost=much", "dollars=5", "cost=5x"})
    EXPECT_THAT(run("out.jsonl", {"--budget", wrong}).err, HasSubstr("--budget: expected cost, calls"))
        << wrong;
}

TEST_F(CheckpointCommand, AFullDiskLosesNothing) {
  write_input("in.jsonl", kLines);
  // No file of it may grow beyond this, as on a disk that is full.
  const std::string limited = "ulimit -f 1000; trap '' XFSZ; exec \"$@\"";
  auto arguments = command("out.jsonl", {"--ordered"});
  arguments.insert(arguments.begin(), {"/bin/bash", "-c", limited, "limited"});
  const auto ended = Program{arguments}.wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("cannot write the output"));
  EXPECT_EQ(run("out.jsonl", {"--ordered"}).exit_code, 1);
  const auto outcomes = outcomes_in(folder_ / "out.jsonl");
  ASSERT_EQ(outcomes.size(), kLines);
  for (int i = 0; i < kLines; ++i) ASSERT_EQ(outcomes[static_cast<std::size_t>(i)]["id"], i);
}

}  // namespace
}  // namespace slm::testing
