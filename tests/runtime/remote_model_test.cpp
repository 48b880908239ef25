#include <csignal>

#include <gmock/gmock.h>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kKey = "sk-never-shown";

/// Nobody listens on port 1 of loopback.
constexpr const char* kPipeline = R"(pipeline: remote
version: 1
entry: ask
models:
  cloud: { backend: openai, url: "http://127.0.0.1:1/path", model: some-model, api_key: "${SLM_TEST_KEY}", retries: 0 }
nodes:
  ask: { type: generate, model: cloud, prompt: "{text}" }
)";

/// The same, which asks again when the test is long over.
constexpr const char* kWaitingPipeline = R"(pipeline: remote
version: 1
entry: ask
models:
  cloud: { backend: openai, url: "http://127.0.0.1:1", model: some-model, retries: 0 }
nodes:
  ask: { type: generate, model: cloud, prompt: "{text}", retry: { unavailable: 1, wait: 10min, longest_wait: 10min } }
)";

Ended run_with_key(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), SLM_GRAPH_PROGRAM);
  Program program{arguments, Program::Errors::to_pipe, {std::string("SLM_TEST_KEY=") + kKey}};
  program.write(input);
  return program.wait();
}

TEST(RemoteModel, IsShownByEveryCommandWithoutItsKey) {
  const TemporaryFolder folder;
  const std::string pipeline = folder.write("remote.yaml", kPipeline).string();
  for (const auto& command : std::vector<std::vector<std::string>>{{"explain", pipeline},
                                                                   {"explain", pipeline, "--json"},
                                                                   {"draw", pipeline},
                                                                   {"validate", pipeline}}) {
    const Ended ended = run_with_key(command);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out + ended.err, Not(HasSubstr(kKey))) << command.front();
    if (command.front() != "explain") continue;
    EXPECT_THAT(ended.out,
                AllOf(HasSubstr("some-model"), HasSubstr("http://127.0.0.1:1"), Not(HasSubstr("/path"))));
  }
}

TEST(RemoteModel, FailsItsMessagesWithoutItsKey) {
  const TemporaryFolder folder;
  const Ended ended =
      run_with_key({"run", folder.write("remote.yaml", kPipeline).string()}, "{\"text\": \"hi\"}\n");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("http://127.0.0.1:1: it cannot be connected to"));
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr(kKey)));
}

TEST(RemoteModel, MessagesThatWaitForAnotherTryKeepNoneFromBeingRead) {
  const TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < 6'000; ++i) lines += "{\"text\": \"waits\"}\n";  // more than the writer holds in order
  lines += "this one fails at once\n";
  Program program{{SLM_GRAPH_PROGRAM, "run", folder.write("waiting.yaml", kWaitingPipeline).string(),
                   "--input", folder.write("lines.jsonl", lines).string()}};
  EXPECT_THAT(program.read_line(), HasSubstr("6001"));
  program.send_signal(SIGKILL);
  program.wait();
}

}  // namespace
}  // namespace slm::testing
