#include "nodes/link/process_security.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "nodes/builtin.h"
#include "tests/nodes/link/key_folder.h"

namespace slm::link {
namespace {

using testing::KeyFolder;

class ProcessSecurity : public ::testing::Test {
 protected:
  PipelineSpec load(const std::string& processes) {
    register_builtin_nodes();
    folder_.write("model", "SLMNGRAM");
    return Pipeline::parse("pipeline: p\nversion: 1\nentry: a\nprocesses:\n" + processes +
                               "models: { nano: { backend: ngram, file: model } }\n"
                               "nodes:\n  a: { type: classify, model: nano, to: b }\n"
                               "  b: { type: classify, model: nano, on: cloud, on_unreachable: fail }\n",
                           folder_ / "p.yaml")
        .spec();
  }
  void write_pair(const std::string& name, const SecretKey& key) {
    write_secret_key(key, folder_ / (name + ".key"), Overwrite::yes);
    folder_.add(name, key);
  }
  template <class Call>
  std::vector<std::string> problems(Call call) {
    std::vector<std::string> found;
    try {
      call();
    } catch (const PipelineError& error) {
      for (const Problem& problem : error.problems())
        found.push_back(std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) +
                        ": " + problem.message);
    }
    return found;
  }

  KeyFolder folder_;
};

constexpr const char* kWithKeys =
    "  edge: { secret_key: edge.key }\n"
    "  cloud: { listen: \"tcp://*:5555\", connect: \"tcp://cloud:5555\", secret_key: cloud.key,\n"
    "           public_key: cloud.pub, authorized_clients: clients/ }\n";

TEST_F(ProcessSecurity, ComesFromTheFilesThatThePipelineNames) {
  const SecretKey edge = new_secret_key(), cloud = new_secret_key();
  write_pair("edge", edge);
  write_pair("cloud", cloud);
  std::filesystem::create_directory(folder_ / "clients");
  const PipelineSpec spec = load(kWithKeys);
  const Listening server = listening(spec, *spec.process("cloud"), *spec.process("cloud")->listen);
  EXPECT_STREQ(server.security.secret_key->secret_text(), cloud.secret_text());
  EXPECT_EQ(server.security.domain, "tcp://*:5555");
  EXPECT_TRUE(std::filesystem::equivalent(*server.authorized_clients, folder_ / "clients"));
  const ClientSecurity client =
      connecting(spec, *spec.process("edge"), *spec.process("cloud"), spec.process("cloud")->address())
          .security();
  EXPECT_STREQ(client.secret_key->secret_text(), edge.secret_text());
  EXPECT_EQ(client.server_key, cloud.public_key());
}

TEST_F(ProcessSecurity, NeedsOnlyTheSecretsOfItsOwnProcess) {
  const SecretKey edge = new_secret_key(), cloud = new_secret_key();
  write_pair("edge", edge);
  folder_.add("cloud", cloud);
  const PipelineSpec spec = load(kWithKeys);
  EXPECT_TRUE(
      connecting(spec, *spec.process("edge"), *spec.process("cloud"), spec.process("cloud")->address())
          .server_keys);
}

TEST_F(ProcessSecurity, TellsEveryProblemWhereTheFileIsNamed) {
  folder_.write("cloud.pub", "oops");
  folder_.write("edge.key", "");
  ::chmod((folder_ / "edge.key").c_str(), 0644);
  const PipelineSpec spec = load(kWithKeys);
  const std::string folder = folder_.path().string();
  EXPECT_EQ(problems([&] {
              connecting(spec, *spec.process("edge"), *spec.process("cloud"),
                         spec.process("cloud")->address());
            }),
            (std::vector<std::string>{
                "5:23: `secret_key`: " + folder +
                    "/edge.key: its mode is 0644, so that others than its owner can get at it; expected 0600 "
                    "(`chmod 600 edge.key`)",
                "7:24: `public_key`: " + folder +
                    "/cloud.pub: line 1 has 4 bytes that are no key; expected 40 characters of Z85"}));
  EXPECT_EQ(problems([&] { listening(spec, *spec.process("cloud"), *spec.process("cloud")->listen); }),
            (std::vector<std::string>{
                "6:77: `secret_key`: " + folder + "/cloud.key: cannot be read: No such file or directory",
                "7:55: `authorized_clients`: " + folder +
                    "/clients/ is no folder; expected one with the public keys of those let in"}));
}

TEST_F(ProcessSecurity, IsPlainTextWhereThePipelineHasNoKeys) {
  const PipelineSpec spec = load("  edge: {}\n  cloud: { listen: \"ipc://cloud.sock\" }\n");
  EXPECT_FALSE(listening(spec, *spec.process("cloud"), *spec.process("cloud")->listen).security.secret_key);
  EXPECT_FALSE(
      connecting(spec, *spec.process("edge"), *spec.process("cloud"), spec.process("cloud")->address())
          .security()
          .secret_key);
}

TEST_F(ProcessSecurity, HoldsAddressesThatAreGivenLaterToTheSameRule) {
  const std::string expected =
      "6:10: process `cloud` would speak plain text at `tcp://10.0.0.1:5555`, where other machines reach it; "
      "expected "
      "keys, or `insecure: true`";
  const Endpoint beyond = Endpoint::parse("tcp://10.0.0.1:5555");
  const PipelineSpec closed = load("  edge: {}\n  cloud: { listen: \"ipc://cloud.sock\" }\n");
  const ProcessSpec& edge = *closed.process("edge");
  const ProcessSpec& cloud = *closed.process("cloud");
  EXPECT_EQ(problems([&] { listening(closed, cloud, beyond); }), std::vector{expected});
  EXPECT_EQ(problems([&] { connecting(closed, edge, cloud, beyond); }), std::vector{expected});
  const PipelineSpec open = load("  edge: {}\n  cloud: { listen: \"ipc://cloud.sock\", insecure: true }\n");
  EXPECT_TRUE(problems([&] { listening(open, *open.process("cloud"), beyond); }).empty());
}

}  // namespace
}  // namespace slm::link
