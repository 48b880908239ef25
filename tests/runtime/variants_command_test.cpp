#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Names = std::set<std::string>;

/// A model of two files, one of them quantised.
class Variants : public ::testing::Test {
 protected:
  Variants() {
    std::filesystem::copy_file(SLM_TEST_GGUF, folder_ / "full.gguf");
    const Ended ended = slm_graph({"models", "quantize", folder_ / "full.gguf", "--to", "q4_0",
                                   "--requantize", "--output", folder_ / "short.gguf"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }
  std::string pipeline(const std::string& variant, const std::string& more = "") const {
    return folder_.write("p.yaml",
                         "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
                         "  small: { backend: llama, file: full.gguf, context: 128, slots: 2, "
                         "threads: 1, variants: [" +
                             variant + "]" + more +
                             " }\nnodes:\n"
                             "  a: { type: generate, model: small, prompt: \"{text}\\n\", "
                             "max_tokens: 24 }\n");
  }
  /// The files that answered.
  Names run(const std::string& file) const {
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += Json{{"text", "play song " + std::to_string(i)}}.dump() + "\n";
    const Ended ended = slm_graph({"run", file, "--input", folder_.write("in.jsonl", lines)});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    Names names;
    std::istringstream outcomes{ended.out};
    for (std::string line; std::getline(outcomes, line);)
      names.insert(Json::parse(line).at("variants").at("a").get<std::string>());
    return names;
  }

  TemporaryFolder folder_;
};

TEST_F(Variants, AnswerWhileTheirConditionsHold) {
  EXPECT_EQ(run(pipeline("{ file: short.gguf, when: { memory_below: 1024TiB } }")), Names{"short.gguf"});
  EXPECT_EQ(run(pipeline("{ file: short.gguf, when: { memory_below: 1B } }")), Names{"full.gguf"});
  EXPECT_EQ(run(pipeline("{ file: short.gguf, when: { queue_above: 0 } }")),
            (Names{"full.gguf", "short.gguf"}));
  EXPECT_EQ(run(pipeline("{ file: short.gguf, when: { queue_above: 0 } }", ", load: on_demand")),
            (Names{"full.gguf", "short.gguf"}));
}

TEST_F(Variants, AreToldByAnotherProcess) {
  std::string yaml = text_of_file(pipeline("{ file: short.gguf, when: { memory_below: 1024TiB } }"));
  yaml.insert(yaml.find("nodes:"),
              "processes:\n  edge: {}\n  cloud: { listen: 'ipc://" + (folder_ / "socket").string() + "' }\n");
  yaml.insert(yaml.find("type: generate"), "on: cloud, on_unreachable: fail, ");
  yaml.replace(yaml.find("entry: a"), 8, "entry: near");
  yaml += "  near: { on: edge, type: generate, model: small, prompt: \"{text}\\n\", max_tokens: 1, to: a }\n";
  const auto file = folder_.write("two.yaml", yaml);
  Program cloud{{SLM_GRAPH_PROGRAM, "run", file, "--process", "cloud"}};
  cloud.wait_for_error("process cloud listens at");
  const auto input = folder_.write("one.jsonl", Json{{"text", "play jazz"}}.dump() + "\n");
  const Ended edge = slm_graph({"run", file, "--process", "edge", "--input", input});
  EXPECT_EQ(edge.exit_code, 0) << edge.err;
  EXPECT_EQ(Json::parse(edge.out).at("variants"), (Json{{"near", "short.gguf"}, {"a", "short.gguf"}}));
}

TEST_F(Variants, AreExplained) {
  const auto file = pipeline("{ file: short.gguf, when: { battery_below: 30, on_mains: false } }");
  EXPECT_THAT(slm_graph({"explain", file}).out,
              HasSubstr("small is short.gguf while the battery is below 30 % and the machine is on battery, "
                        "else full.gguf\n"));
  const Json plan = Json::parse(slm_graph({"explain", file, "--json"}).out);
  EXPECT_THAT(plan.at("models").at(0).at("variants").at(0).at("file"), HasSubstr("short.gguf"));
}

TEST_F(Variants, ThatMakeNoSenseAreErrorsBeforeAnythingRuns) {
  const auto error = [&](const std::string& variant) {
    const Ended ended = slm_graph({"validate", pipeline(variant)});
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    return ended.out;
  };
  EXPECT_THAT(error("{ file: short.gguf, when: {} }"),
              HasSubstr("`when` of variant short.gguf names no condition; expected `battery_below`, "));
  EXPECT_THAT(error("{ file: missing.gguf, when: { on_mains: false } }"), HasSubstr("missing.gguf"));
  EXPECT_THAT(error("{ file: p.yaml, when: { on_mains: false } }"), HasSubstr("neither a GGUF nor an ngram"));
  EXPECT_THAT(error("{ file: short.gguf, when: { battery_below: 101 } }"), HasSubstr("battery_below"));
  EXPECT_THAT(error("{ file: short.gguf }"), HasSubstr("when"));
  const auto file = pipeline("{ file: short.gguf, when: { on_mains: false } }", ", prefix_file: prefixes");
  EXPECT_THAT(slm_graph({"validate", file}).out,
              HasSubstr("`prefix_file` is of one model file; expected no `variants` beside it"));
}

}  // namespace
}  // namespace slm::testing
