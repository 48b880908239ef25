#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kHold = R"(pipeline: holder
version: 1
entry: wait
nodes:
  wait: { type: hold, release: release }
)";

std::vector<Json> parsed_lines(const std::string& text) {
  std::istringstream lines{text};
  std::vector<Json> parsed;
  for (std::string line; std::getline(lines, line);) parsed.push_back(Json::parse(line));
  return parsed;
}

class RunCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    pipeline_ = folder_.write("sorter.yaml", kSorterPipeline);
  }

  TemporaryFolder folder_;
  std::string pipeline_;
};

TEST_F(RunCommand, AnswersEveryLineOfAFileAndSumsUp) {
  const auto input = folder_.write("in.jsonl",
                                   "{\"id\": \"a\", \"text\": \"play some jazz\", \"label\": \"music\"}\n"
                                   "{\"id\": 2, \"text\": \"will it snow\", \"label\": \"weather\"}\n");
  const auto ended = slm_graph({"run", pipeline_, "--input", input, "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
  const auto outcomes = parsed_lines(text_of_file(folder_ / "out.jsonl"));
  ASSERT_EQ(outcomes.size(), 2U);
  std::set<Json> ids;
  for (const auto& outcome : outcomes) {
    ids.insert(outcome["id"]);
    EXPECT_EQ(outcome["outcome"], "answered");
    EXPECT_EQ(outcome["tier"], "nano");
    EXPECT_EQ(outcome["path"], Json({"sort"}));
  }
  EXPECT_EQ(ids, (std::set<Json>{"a", 2}));
  EXPECT_NE(ended.err.find("sorter: 2 requests in"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("100.0 %: 2 of 2 with an expected answer"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("2 of 2 requests, 100 %"), std::string::npos)
      << "a closing plain line of progress";
}

TEST_F(RunCommand, AnswersALineBeforeTheNextOneComes) {
  Program program{{SLM_GRAPH_PROGRAM, "run", pipeline_}};
  for (int i = 1; i <= 3; ++i) {
    program.write("{\"text\": \"play some jazz\"}\n");
    EXPECT_EQ(Json::parse(program.read_line())["id"], i);
  }
  EXPECT_EQ(program.wait().exit_code, 0);
}

TEST_F(RunCommand, ABrokenLineFailsAloneAndTheExitCodeSaysSo) {
  const auto ended = slm_graph({"run", pipeline_, "--ordered", "--quiet"},
                               "{\"text\": \"play some jazz\"}\n{oops\n{\"id\": \"c\"}\n{\"text\": \"\"}");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err, "");
  const auto outcomes = parsed_lines(ended.out);
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0]["outcome"], "answered");
  EXPECT_EQ(outcomes[1]["outcome"], "failed");
  EXPECT_EQ(outcomes[1]["reason"].get<std::string>().substr(0, 16), "line 2: not JSON");
  EXPECT_EQ(outcomes[2]["id"], "c");
  EXPECT_EQ(outcomes[2]["reason"], "line 3: `text` is missing");
  EXPECT_EQ(outcomes[3]["outcome"], "answered") << "an empty request is a request";
}

TEST_F(RunCommand, AnythingInATextGetsOneOutcomeEach) {
  const std::string long_line(std::size_t{1} << 20, 'x');
  const auto ended =
      slm_graph({"run", pipeline_, "--format", "text", "--quiet"},
                "\xFF\xFE\xC0 jazz\n" + std::string("a\0b\n", 4) + long_line + "\nsame\nsame\n");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(parsed_lines(ended.out).size(), 5U);
}

/// Less than four lines of 50 MB; sanitizers keep much of what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kLittleMemoryBytes = std::size_t{2} << 30;
#else
constexpr std::size_t kLittleMemoryBytes = std::size_t{150} << 20;
#endif

TEST_F(RunCommand, LinesOf50MegabytesFailAloneInLittleMemory) {
  constexpr int kLongLines = 4;
  const auto run_with = [&](const std::string& name, const std::string& header, const std::string& good,
                            const std::string& open) {
    std::ofstream file{folder_ / name, std::ios::binary};
    file << "\xEF\xBB\xBF" << header;
    for (int i = 0; i < kLongLines; ++i) {
      file << good << "\r\n" << open;
      file.seekp(50'000'000, std::ios::cur);  // zeros, of which the disk knows nothing
      file << "x\n";
    }
    file << open;
    file.seekp(50'000'000, std::ios::cur);
    file << 'x';
    file.close();
    const auto ended = slm_graph({"run", pipeline_, "--input", folder_ / name, "--ordered"});
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_LT(ended.most_memory_bytes, kLittleMemoryBytes);
    const auto outcomes = parsed_lines(ended.out);
    ASSERT_EQ(outcomes.size(), 2U * kLongLines + 1) << name;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (i % 2 == 0 && i + 1 < outcomes.size())
        EXPECT_EQ(outcomes[i]["label"], "music") << name << i;
      else
        EXPECT_NE(outcomes[i]["reason"].get<std::string>().find(": longer than 16 MiB"), std::string::npos)
            << name << i;
    }
  };
  run_with("in.jsonl", "", "{\"text\": \"play some jazz\"}", "{\"text\": \"");
  run_with("in.txt", "", "play some jazz", "");
  run_with("in.csv", "id,text\r\n", ",play some jazz", ",\"");
}

TEST_F(RunCommand, DuplicateIdsHaveAnOutcomeEach) {
  const auto ended = slm_graph({"run", pipeline_, "--quiet"},
                               "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 1, \"text\": \"b\"}\n");
  EXPECT_EQ(parsed_lines(ended.out).size(), 2U);
}

TEST_F(RunCommand, TheJsonSummaryIsOneObject) {
  const auto ended = slm_graph(
      {"run", pipeline_, "--json", "--quiet", "--output", folder_ / "out.jsonl"},
      "{\"text\": \"play jazz\", \"expected\": \"music\"}\n{\"text\": \"rain\", \"expected\": \"music\"}\n");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["requests"], 2);
  EXPECT_EQ(json["outcomes"]["answered"], 2);
  EXPECT_EQ(json["accuracy"]["judged"], 2);
  EXPECT_EQ(json["accuracy"]["right"], 1);
  EXPECT_EQ(json["tiers"][0]["name"], "nano");
  EXPECT_EQ(json["tiers"][0]["share"], 1.0);
  EXPECT_GT(json["latency_ms"]["p50"], 0);
  EXPECT_EQ(json["interrupted"], false);
}

TEST_F(RunCommand, BrokenLinesAreNoPartOfTheLatencies) {
  const auto broken = slm_graph({"run", pipeline_, "--json", "--output", folder_ / "out.jsonl"}, "{oops\n");
  const auto none = Json::parse(broken.out);
  EXPECT_EQ(none["requests"], 1);
  EXPECT_EQ(none["latency_ms"]["p50"], nullptr);
  EXPECT_EQ(broken.err.find("latency"), std::string::npos) << broken.err;
  const auto mixed = Json::parse(slm_graph({"run", pipeline_, "--json", "--output", folder_ / "out.jsonl"},
                                           "{oops\n{oops\n{\"text\": \"play jazz\"}\n")
                                     .out);
  EXPECT_EQ(mixed["requests"], 3);
  EXPECT_GT(mixed["latency_ms"]["p50"], 0);
}

TEST_F(RunCommand, NoRequestsAreNoFailure) {
  const auto ended = slm_graph({"run", pipeline_});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("no requests"), std::string::npos);
}

TEST_F(RunCommand, MistakesStartNothingAndOverwriteNothing) {
  const auto output = folder_.write("out.jsonl", "precious\n");
  const auto input = folder_.write("in.jsonl", "{\"text\": \"a\"}\n");
  const auto broken = folder_.write("broken.yaml", "pipeline: x\nversion: 1\nentry: no\nnode: {}\n");
  std::filesystem::copy_file(folder_ / "nano.slm", folder_ / "cut.slm");
  std::filesystem::resize_file(folder_ / "cut.slm", 100);
  std::string text = kSorterPipeline;
  const auto cut = folder_.write("cut.yaml", text.replace(text.find("nano.slm"), 8, "cut.slm"));
  struct Mistake {
    std::vector<std::string> arguments;
    std::string message;
  };
  for (const auto& [arguments, message] :
       std::vector<Mistake>{{{"run", broken, "--input", input, "--output", output},
                             "broken.yaml:4:1: error: unknown key `node`"},
                            {{"run", cut, "--input", input, "--output", output},
                             "cut.slm: the ngram model is damaged (truncated"},
                            {{"run", folder_ / "missing.yaml", "--input", input, "--output", output},
                             "missing.yaml: error: cannot be read"},
                            {{"run", pipeline_, "--input", folder_ / "missing.jsonl", "--output", output},
                             "missing.jsonl: No such file"},
                            {{"run", pipeline_, "--input", input, "--output", folder_ / "absent/out.jsonl"},
                             "absent/out.jsonl: No such file"},
                            {{"run", pipeline_, "--json"}, "name a file for the outcomes"}}) {
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_NE(ended.err.find(message), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
  }
  EXPECT_EQ(text_of_file(output), "precious\n");
}

TEST_F(RunCommand, NothingThatIsReadIsOverwritten) {
  folder_.write("first.jsonl", "{\"text\": \"a\"}\n");
  folder_.write("in.jsonl", "{\"text\": \"a\"}\n");
  folder_.write("margin.calibration.yaml",
                "{calibration: 1, signal: margin, platt: {slope: 4, intercept: -2}}\n");
  folder_.write("gated.yaml", R"(pipeline: gated
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  sort: { type: classify, model: nano, to: check }
  check:
    type: gate
    confidence: { signal: margin, calibration: margin.calibration.yaml }
    accept: { at_least: 0.2 }
)");
  std::filesystem::create_hard_link(folder_ / "nano.slm", folder_ / "hard.slm");
  std::filesystem::create_symlink(folder_ / "nano.slm", folder_ / "soft.slm");
  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {"in.jsonl", "is the input"},
           {"gated.yaml", "is the pipeline"},
           {"nano.slm", "is a file that the pipeline names, at "},
           {"hard.slm", "gated.yaml:5:33"},
           {"soft.slm", "gated.yaml:5:33"},
           {"margin.calibration.yaml", "gated.yaml:10:48"}}) {
    const auto before = text_of_file(folder_ / name);
    const auto ended = slm_graph({"run", folder_ / "gated.yaml", "--input", folder_ / "first.jsonl",
                                  "--input", folder_ / "i?.jsonl", "--output", folder_ / name});
    EXPECT_EQ(ended.exit_code, 2) << name;
    EXPECT_NE(ended.err.find("error: the output " + (folder_ / name).string()), std::string::npos)
        << ended.err;
    EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
    EXPECT_EQ(text_of_file(folder_ / name), before) << name;
  }
}

TEST_F(RunCommand, SeveralFilesAndPatternsAreOneInput) {
  folder_.write("b.jsonl", "{\"text\": \"play some jazz\"}\n{oops");
  folder_.write("a.jsonl", "{\"text\": \"play some jazz\"}\n");
  const auto last = folder_.write("last.csv", "id,text\nx,will it snow\n");
  const auto ended = slm_graph({"run", pipeline_, "--input", folder_ / "*.jsonl", "--input", last, "--output",
                                folder_ / "out", "--ordered", "--json"});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  const auto outcomes = parsed_lines(text_of_file(folder_ / "out"));
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0]["id"], (folder_ / "a.jsonl").string() + ":1");
  EXPECT_EQ(outcomes[1]["id"], (folder_ / "b.jsonl").string() + ":1");
  EXPECT_EQ(outcomes[2]["id"], (folder_ / "b.jsonl").string() + ":2");
  EXPECT_EQ(outcomes[2]["reason"].get<std::string>().find((folder_ / "b.jsonl").string() + ":2: not JSON"),
            0U);
  EXPECT_EQ(outcomes[3]["id"], "x");
  const Json read_up_to = {{"name", last}, {"last_line", 2}};
  EXPECT_EQ(Json::parse(ended.out)["input"], read_up_to);
}

TEST_F(RunCommand, ThePipelineMayStandBehindTheInput) {
  const auto input = folder_.write("one.txt", "play some jazz\n");
  EXPECT_EQ(slm_graph({"run", "--input", input, pipeline_, "--quiet"}).exit_code, 0);
}

TEST_F(RunCommand, ResumingSeveralFilesDoesEachLineOnce) {
  folder_.write("a.txt", "play some jazz\n");
  folder_.write("c.txt", "play some jazz\n");
  const std::vector<std::string> arguments = {
      "run", pipeline_, "--input", folder_ / "?.txt", "--output", folder_ / "out.jsonl", "--resume"};
  EXPECT_EQ(slm_graph(arguments).exit_code, 0);
  folder_.write("b.txt", "will it snow\n");
  EXPECT_EQ(slm_graph(arguments).exit_code, 0);
  std::multiset<std::string> ids;
  for (const auto& outcome : parsed_lines(text_of_file(folder_ / "out.jsonl"))) ids.insert(outcome["id"]);
  EXPECT_EQ(ids, (std::multiset<std::string>{folder_ / "a.txt:1", folder_ / "b.txt:1", folder_ / "c.txt:1"}));
}

TEST_F(RunCommand, ShardsDoEachLineOfAllFilesOnce) {
  folder_.write("a.txt", "one\n\ntwo\nthree\n");
  folder_.write("b.jsonl", "{\"id\": \"x\", \"text\": \"four\"}\n{oops\n{\"text\": \"six\"}\n");
  std::vector<std::string> ids;
  for (const std::string shard : {"0/4", "1/4", "2/4", "3/4"}) {
    const auto ended =
        slm_graph({"run", pipeline_, "--input", folder_ / "a.txt", "--input", folder_ / "b.jsonl", "--failed",
                   folder_ / "failed.jsonl", "--ordered", "--shard", shard});
    const bool has_broken = shard == "0/4";
    EXPECT_EQ(ended.exit_code, has_broken ? 1 : 0) << ended.err;
    EXPECT_EQ(parsed_lines(text_of_file(folder_ / "failed.jsonl")).size(), has_broken ? 1U : 0U);
    for (const auto& outcome : parsed_lines(ended.out))
      ids.push_back(std::filesystem::path{outcome["id"].get<std::string>()}.filename());
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"a.txt:1", "b.jsonl:2", "a.txt:3", "b.jsonl:3", "a.txt:4", "x"}));
}

TEST_F(RunCommand, AShardOfStandardInputGoesOnWhereItWas) {
  folder_.write("out.jsonl", "");
  const std::vector<std::string> arguments{"run",     pipeline_, "--output", folder_ / "out.jsonl",
                                           "--shard", "1/2",     "--resume", "--ordered"};
  slm_graph(arguments, "{\"id\": \"a\", \"text\": \"x\"}\n{\"id\": \"b\", \"text\": \"x\"}\n");
  const auto ended = slm_graph(arguments,
                               "{\"id\": \"a\", \"text\": \"x\"}\n{\"id\": \"b\", \"text\": \"x\"}\n"
                               "{\"id\": \"c\", \"text\": \"x\"}\n{\"id\": \"d\", \"text\": \"x\"}\n");
  EXPECT_NE(ended.err.find("sorter: 1 request in"), std::string::npos) << ended.err;
  const auto outcomes = parsed_lines(text_of_file(folder_ / "out.jsonl"));
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0]["id"], "b");
  EXPECT_EQ(outcomes[1]["id"], "d");
}

TEST_F(RunCommand, AShardThatCannotBeIsRefused) {
  for (const std::string shard : {"8/8", "-1/8", "1", "1/", "/8", "0/0", "0/8x", "a/8"}) {
    const auto ended = slm_graph({"run", pipeline_, "--shard=" + shard});
    EXPECT_EQ(ended.exit_code, 2) << shard;
    EXPECT_NE(ended.err.find("I from 0 to N-1, such as 0/8 to 7/8, found `" + shard + "`"), std::string::npos)
        << ended.err;
  }
}

TEST_F(RunCommand, ADamagedFileEndsTheReadingAndWhatCameBeforeIsDone) {
  const auto first = folder_.write("first.txt", "play some jazz\n");
  // A gzip header, and nothing of what it announces.
  const auto cut = folder_.write("cut.txt.gz", std::string("\x1F\x8B\x08\0\0\0\0\0\0\3", 10));
  const auto last = folder_.write("last.txt", "play some jazz\n");
  const auto ended = slm_graph({"run", pipeline_, "--input", first, "--input", cut, "--input", last,
                                "--output", folder_ / "out.jsonl"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("error: cannot unpack " + cut.string() + ": its compressed data is cut off; " +
                           first.string() + " read up to line 1"),
            std::string::npos)
      << ended.err;
  EXPECT_EQ(parsed_lines(text_of_file(folder_ / "out.jsonl")).size(), 1U);
}

TEST_F(RunCommand, OutcomesAreNotAppendedToTheInput) {
  const auto input = folder_.write("in.jsonl", "{\"text\": \"a\"}\n");
  for (const auto& from : {"--input '" + input.string() + "'", "< '" + input.string() + "'"}) {
    Program program{
        {"/bin/sh", "-c",
         "'" SLM_GRAPH_PROGRAM "' run '" + pipeline_ + "' " + from + " >> '" + input.string() + "'"}};
    const auto ended = program.wait();
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("standard output is the input"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(text_of_file(input), "{\"text\": \"a\"}\n");
}

TEST_F(RunCommand, EveryProblemOfABrokenPipelineIsTold) {
  const auto broken = folder_.write(
      "broken.yaml",
      "pipeline: x\nversion: 1\nentry: sort\nmodels:\n  nano: { backend: ngarm, file: nano.slm }\n"
      "nodes:\n  sort: { type: clasify, model: nano }\n");
  const auto ended = slm_graph({"run", broken});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("broken.yaml:5:"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("broken.yaml:7:"), std::string::npos) << ended.err;
}

TEST_F(RunCommand, AFullDiskStopsTheRunAndSaysHowFarItCame) {
  const auto ended =
      slm_graph({"run", pipeline_, "--output", "/dev/full"}, "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("cannot write the output: No space left on device; wrote 0 of"), std::string::npos)
      << ended.err;
}

TEST_F(RunCommand, AClosedPipeStopsTheRunThoughTheInputGoesOn) {
  Program program{{SLM_GRAPH_PROGRAM, "run", pipeline_}};
  program.write("{\"text\": \"a\"}\n");
  program.read_line();
  program.close_output();
  program.write("{\"text\": \"b\"}\n");
  // The input stays open: only the failed write can end it.
  program.wait_for_error("wrote 1 of 2 outcomes");
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("Broken pipe"), std::string::npos) << ended.err;
}

TEST_F(RunCommand, ATerminalSeesABarAndNoColourWhereNotWanted) {
  const std::vector<std::string> arguments = {SLM_GRAPH_PROGRAM, "run", pipeline_};
  Program coloured{arguments, Program::Errors::to_terminal, {"TERM=xterm", "NO_COLOR="}};
  coloured.write("{\"text\": \"a\"}\n");
  coloured.wait_for_error("1 request");
  EXPECT_NE(coloured.wait().err.find("\x1b[1m"), std::string::npos) << "the summary's title is bold";
  Program plain{arguments, Program::Errors::to_terminal, {"TERM=xterm", "NO_COLOR=1"}};
  plain.write("{\"text\": \"a\"}\n");
  plain.wait_for_error("1 request");
  EXPECT_EQ(plain.wait().err.find("\x1b[1m"), std::string::npos);
}

TEST_F(RunCommand, TellsHowFarItIsWhenAsked) {
  for (const auto errors : {Program::Errors::to_pipe, Program::Errors::to_terminal}) {
    Program program{{SLM_GRAPH_PROGRAM, "run", pipeline_, "--quiet"}, errors};
    program.write("{\"text\": \"play some jazz\"}\n");
    program.read_line();
    program.write("{oops\n");
    program.read_line();
    program.send_signal(SIGUSR1);
    program.wait_for_error("/s; nano 50.0 %, 1 failed");
    EXPECT_EQ(program.errors().find("2 requests, "), 0U) << program.errors();
    program.write("{\"text\": \"play some jazz\"}\n");
    program.read_line();
    program.send_signal(SIGUSR1);
    program.wait_for_error("/s; nano 66.7 %, 1 failed");
    EXPECT_EQ(program.wait().exit_code, 1) << "one failed, and nothing was interrupted";
  }
}

TEST_F(RunCommand, AnswersAQuestionThatCameTooEarlyOnceItHasBegun) {
  const std::string slow = folder_ / "slow.yaml";
  ASSERT_EQ(::mkfifo(slow.c_str(), 0600), 0);
  Program program{{SLM_GRAPH_PROGRAM, "run", slow, "--quiet"}};
  {
    std::ofstream pipeline{slow};  // opens once the program reads it
    program.send_signal(SIGUSR1);
    pipeline << kSorterPipeline;
  }
  program.wait_for_error("no requests");
  EXPECT_EQ(program.wait().exit_code, 0);
}

class InterruptedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifo((folder_ / "release").c_str(), 0600), 0);
    pipeline_ = folder_.write("holder.yaml", kHold);
  }
  void release() const { std::ofstream{folder_ / "release"}; }

  TemporaryFolder folder_;
  std::string pipeline_;
};

TEST_F(InterruptedRun, FinishesWhatIsInFlightAndExitsThree) {
  Program program{{SLM_GRAPH_PROGRAM_WITH_HOLD, "run", pipeline_, "--timeout", "1h"}};
  program.write("{broken\n{\"id\": \"a\", \"text\": \"x\"}\n{broken\n");
  EXPECT_EQ(Json::parse(program.read_line())["id"], 1);
  EXPECT_EQ(Json::parse(program.read_line())["id"], 3) << "so a has been read";
  program.send_signal(SIGINT);
  program.wait_for_error("interrupted: finishing");
  release();
  const auto outcome = Json::parse(program.read_line());
  EXPECT_EQ(outcome["id"], "a");
  EXPECT_EQ(outcome["outcome"], "answered");
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(ended.err.find("interrupted: 3 requests done, standard input read up to line 3"),
            std::string::npos)
      << ended.err;
}

TEST_F(InterruptedRun, GivesUpWhatIsInFlightWhenInterruptedAgain) {
  Program program{{SLM_GRAPH_PROGRAM_WITH_HOLD, "run", pipeline_}};
  program.write("{\"id\": \"a\", \"text\": \"x\"}\n{broken\n");
  EXPECT_EQ(Json::parse(program.read_line())["id"], 2);
  program.send_signal(SIGTERM);
  program.wait_for_error("interrupted: finishing");
  program.send_signal(SIGINT);
  const auto outcome = Json::parse(program.read_line());
  EXPECT_EQ(outcome["id"], "a");
  EXPECT_EQ(outcome["outcome"], "expired");
  EXPECT_EQ(program.wait().exit_code, 3);
}

TEST_F(InterruptedRun, WaitsForInputNoLonger) {
  Program program{{SLM_GRAPH_PROGRAM_WITH_HOLD, "run", pipeline_, "--output", folder_ / "out.jsonl"}};
  program.write("{broken\n");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!std::filesystem::exists(folder_ / "out.jsonl") || text_of_file(folder_ / "out.jsonl").empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  program.send_signal(SIGINT);
  program.wait_for_error("read up to line 1");  // with the input still open
  EXPECT_EQ(program.wait().exit_code, 3);
}

TEST_F(InterruptedRun, ATerminalThatClosesIsAskingToFinishHoweverOftenItSaysSo) {
  Program program{{SLM_GRAPH_PROGRAM_WITH_HOLD, "run", pipeline_, "--timeout", "1h"}};
  program.write("{\"id\": \"a\", \"text\": \"x\"}\n{broken\n");
  EXPECT_EQ(Json::parse(program.read_line())["id"], 2) << "so a has been read";
  program.send_signal(SIGHUP);
  program.wait_for_error("interrupted: finishing");
  program.send_signal(SIGHUP);
  program.send_signal(SIGHUP);
  release();
  const auto outcome = Json::parse(program.read_line());
  EXPECT_EQ(outcome["id"], "a");
  EXPECT_EQ(outcome["outcome"], "answered");
  EXPECT_EQ(program.wait().exit_code, 3);
}

TEST_F(InterruptedRun, GoesOnAfterAHangupUnderNohup) {
  Program program{
      {"/bin/sh", "-c",
       std::string{"trap '' HUP; exec '"} + SLM_GRAPH_PROGRAM_WITH_HOLD + "' run '" + pipeline_ + "'"}};
  program.write("{broken\n");
  program.read_line();
  program.send_signal(SIGHUP);
  program.write("{broken\n");
  EXPECT_EQ(Json::parse(program.read_line())["id"], 2);
  const auto ended = program.wait();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("interrupted"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace slm::testing
