#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

/// Two models, one after the other.
class ModelMemory : public ::testing::Test {
 protected:
  ModelMemory() {
    for (const char* name : {"one.gguf", "two.gguf"})
      std::filesystem::copy_file(SLM_TEST_GGUF, folder_ / name);
  }
  std::string pipeline(const std::string& load) const {
    const std::string model = ", context: 128, slots: 4, threads: 1, load: " + load + " }\n";
    return folder_.write(
        "p.yaml",
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
        "  one: { backend: llama, file: one.gguf" +
            model + "  two: { backend: llama, file: two.gguf" + model +
            "nodes:\n"
            "  a: { type: generate, model: one, prompt: \"{text}\\n\", max_tokens: 8, to: b }\n"
            "  b: { type: generate, model: two, prompt: \"{text}\\n\", max_tokens: 8 }\n");
  }
  std::string requests(int count) const {
    std::string text;
    for (int i = 0; i < count; ++i) text += Json{{"text", "play song " + std::to_string(i)}}.dump() + "\n";
    return folder_.write("in.jsonl", text);
  }
  /// What both take together.
  static std::uint64_t bytes(const std::string& pipeline) {
    return Json::parse(slm_graph({"explain", pipeline, "--json"}).out).at("memory_bytes");
  }
  static std::string in_bytes(std::uint64_t bytes) { return std::to_string(bytes) + "B"; }

  TemporaryFolder folder_;
};

TEST_F(ModelMemory, ModelsTakeTurnsInWhatIsAllowed) {
  const auto file = pipeline("on_demand");
  const auto run = [&](const std::string& memory) {
    const Ended ended =
        slm_graph({"run", file, "--input", requests(20), "--ordered", "--model-memory", memory});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    std::vector<std::string> answers;
    std::istringstream lines{ended.out};
    for (std::string line; std::getline(lines, line);) answers.push_back(Json::parse(line).at("answer"));
    return answers;
  };
  const auto both = run(in_bytes(bytes(file)));
  EXPECT_EQ(both.size(), 20U);
  EXPECT_EQ(run(in_bytes(bytes(file) * 3 / 4)), both);
}

TEST_F(ModelMemory, TooLittleIsAnErrorBeforeAnythingRuns) {
  for (const char* load : {"on_demand", "at_start"}) {
    const auto file = pipeline(load);
    const std::uint64_t enough = bytes(file);
    const std::uint64_t too_little = std::string{load} == "at_start" ? enough * 3 / 4 : enough / 4;
    const Ended ended =
        slm_graph({"run", file, "--input", requests(1), "--model-memory", in_bytes(too_little)});
    EXPECT_EQ(ended.exit_code, 2) << load;
    EXPECT_THAT(ended.err, HasSubstr("models may take " + std::to_string(too_little))) << load;
  }
  const Ended ended = slm_graph({"run", pipeline("at_start"), "--model-memory", "much"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--model-memory: `much` is no amount; expected a number of bytes"));
}

TEST_F(ModelMemory, IsExplained) {
  EXPECT_THAT(slm_graph({"explain", pipeline("on_demand")}).out, HasSubstr("MiB on demand"));
  const Json plan = Json::parse(slm_graph({"explain", pipeline("on_demand"), "--json"}).out);
  EXPECT_EQ(plan.at("models").at(0).at("load"), "on_demand");
}

}  // namespace
}  // namespace slm::testing
