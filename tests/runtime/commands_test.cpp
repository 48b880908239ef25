#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kValid = R"(pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  sort: { type: classify, model: nano, to: check }
  check:
    type: gate
    confidence: { signal: margin }
    accept: { at_least: 0.2 }
)";
constexpr const char* kBroken = R"(pipeline: sorter
version: 1
entry: sort
nodes:
  sort: { type: clasify }
)";

TEST(CommandLine, UnknownWordsNameTheNearestKnownOnes) {
  auto ended = slm_graph({"rnu"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("there is no command `rnu`; did you mean `run`?"), std::string::npos) << ended.err;
  ended = slm_graph({"run", "x.yaml", "--otput", "y"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("there is no option `--otput`; did you mean `--output`?"), std::string::npos)
      << ended.err;
}

TEST(CommandLine, MistakesOfEveryKindExitTwo) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"run"},
                                             {"run", "a.yaml", "b.yaml"},
                                             {"run", "a.yaml", "--in-flight", "0"},
                                             {"run", "a.yaml", "--in-flight", "many"},
                                             {"run", "a.yaml", "--timeout", "5"},
                                             {"run", "a.yaml", "--timeout", "5 fortnights"},
                                             {"run", "a.yaml", "--format", "xml"},
                                             {"draw", "a.yaml", "--format", "png"},
                                             {"completion", "tcsh"},
                                             {"train", "a.jsonl"}}) {
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_NE(ended.err, "");
    EXPECT_EQ(ended.out, "");
  }
}

TEST(CommandLine, HelpAndVersionAreResults) {
  EXPECT_EQ(slm_graph({"--version"}).out.substr(0, 10), "slm-graph ");
  const auto help = slm_graph({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const std::string command : {"run", "merge", "plan", "validate", "explain", "draw", "schema", "train",
                                    "models", "keygen", "spool", "completion"}) {
    EXPECT_NE(help.out.find("  " + command), std::string::npos) << command;
    const auto own = slm_graph({command, "--help"});
    EXPECT_EQ(own.exit_code, 0);
    EXPECT_NE(own.out.find("xample"), std::string::npos) << command << " shows no example";
  }
}

TEST(Completion, TheScriptsKnowEveryOptionAndBashAcceptsItsOwn) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const auto script = slm_graph({"completion", shell}).out;
    for (const std::string word : {"validate", "in-flight", "mermaid", "label-field"})
      EXPECT_NE(script.find(word), std::string::npos) << shell << " does not know " << word;
  }
  const auto script =
      slm_graph({"completion", "bash"}).out +
      "COMP_WORDS=(slm-graph run --format c); COMP_CWORD=3; _slm_graph; echo \"${COMPREPLY[@]}\"\n"
      "COMP_WORDS=(slm-graph run --in); COMP_CWORD=2; _slm_graph; echo \"${COMPREPLY[@]}\"\n"
      "COMP_WORDS=(slm-graph va); COMP_CWORD=1; _slm_graph; echo \"${COMPREPLY[@]}\"\n";
  Program bash{{"/bin/bash", "-c", script}};
  const auto ended = bash.wait();
  EXPECT_EQ(ended.out, "csv\n--input --in-flight\nvalidate\n") << ended.err;
}

class PipelineCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    valid_ = folder_.write("sorter.yaml", kValid);
    broken_ = folder_.write("broken.yaml", kBroken);
  }

  TemporaryFolder folder_;
  std::string valid_;
  std::string broken_;
};

TEST_F(PipelineCommands, ValidateTellsEveryProblemOfEveryFile) {
  auto ended = slm_graph({"validate", valid_});
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  ended = slm_graph({"validate", valid_, broken_, folder_ / "missing.yaml"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.out.find("sorter.yaml: valid"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("broken.yaml:5:"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("missing.yaml"), std::string::npos) << ended.out;

  const auto json = Json::parse(slm_graph({"validate", valid_, broken_, "--json"}).out);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["files"][0]["problems"], Json::array());
  EXPECT_EQ(json["files"][1]["problems"][0]["line"], 5);
}

TEST_F(PipelineCommands, ExplainTellsThePlan) {
  const auto ended = slm_graph({"explain", valid_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const std::string part :
       {"requests enter at sort", "margin", "at_least: 0.2", "escalate → abstained", "nano.slm"})
    EXPECT_NE(ended.out.find(part), std::string::npos) << part << " is not in\n" << ended.out;
  const auto json = Json::parse(slm_graph({"explain", valid_, "--json"}).out);
  EXPECT_EQ(json["entry"], "sort");
  EXPECT_EQ(json["nodes"][1]["exits"][0]["to"], Json({"answered"}));
  EXPECT_EQ(json["models"][0]["file"]["format"], "ngram");
  EXPECT_EQ(json["models"][0]["device"], "cpu");
  EXPECT_EQ(json["models"][0]["threads"], nullptr) << "it runs on the engine's";
  EXPECT_EQ(slm_graph({"explain", broken_}).exit_code, 2);
}

TEST(Explain, TellsTheDeviceAndThreadsOfALanguageModel) {
  const TemporaryFolder folder;
  const auto pipeline = folder.write("writer.yaml",
                                     "pipeline: writer\nversion: 1\nentry: write\nmodels:\n"
                                     "  small: { backend: llama, file: " SLM_TEST_GGUF
                                     ", threads: 3 }\nnodes:\n"
                                     "  write: { type: generate, model: small, prompt: \"{text}\" }\n");
  const auto text = slm_graph({"explain", pipeline});
  EXPECT_NE(text.out.find("cpu, 3 threads"), std::string::npos) << text.out << text.err;
  const auto json = Json::parse(slm_graph({"explain", pipeline, "--json"}).out);
  EXPECT_EQ(json["models"][0]["device"], "cpu");
  EXPECT_EQ(json["models"][0]["threads"], 3);
}

TEST_F(PipelineCommands, DrawKnowsThreeLanguages) {
  const auto mermaid = slm_graph({"draw", valid_}).out;
  EXPECT_NE(mermaid.find("flowchart LR"), std::string::npos);
  EXPECT_NE(mermaid.find("n1 -->|\"escalate\"| n3"), std::string::npos) << mermaid;
  EXPECT_NE(slm_graph({"draw", valid_, "--format", "dot"}).out.find("n0 -> n1"), std::string::npos);
  EXPECT_EQ(slm_graph({"draw", valid_, "--format", "svg", "--output", folder_ / "a.svg"}).exit_code, 0);
  EXPECT_NE(text_of_file(folder_ / "a.svg").find("</svg>"), std::string::npos);
}

TEST_F(PipelineCommands, AFullDiskIsToldByAll) {
  const auto input = folder_.write("in.jsonl", "{\"text\": \"play some jazz\"}\n");
  const auto data = folder_.write("data.jsonl",
                                  "{\"text\": \"some jazz\", \"label\": \"music\"}\n"
                                  "{\"text\": \"some rain\", \"label\": \"weather\"}\n");
  for (const std::string command :
       {"--version", "--help", "run --help", "schema", "completion bash", "completion zsh", "completion fish",
        "run sorter.yaml --input in.jsonl", "run sorter.yaml --input in.jsonl --json --output out.jsonl",
        "validate sorter.yaml", "validate broken.yaml --json", "explain sorter.yaml",
        "explain sorter.yaml --json", "draw sorter.yaml", "draw sorter.yaml --output /dev/full",
        "models nano.slm", "models nano.slm --json",
        "train data.jsonl --min-count 1 --held-out 0 --output new.slm --json"}) {
    const auto call =
        "cd '" + folder_.path().string() + "' && '" SLM_GRAPH_PROGRAM "' " + command + " > /dev/full";
    Program program{{"/bin/sh", "-c", call}};
    const auto ended = program.wait();
    EXPECT_EQ(ended.exit_code, 1) << command;
    EXPECT_NE(ended.err.find("No space left"), std::string::npos) << command << ": " << ended.err;
  }
}

TEST_F(PipelineCommands, DrawOverwritesNoFileOfItsPipeline) {
  const auto model = text_of_file(folder_ / "nano.slm");
  std::filesystem::create_hard_link(valid_, folder_ / "link.yaml");
  for (const std::string name : {"sorter.yaml", "link.yaml", "nano.slm"}) {
    const auto ended = slm_graph({"draw", valid_, "--output", folder_ / name});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find(name + " is "), std::string::npos) << ended.err;
  }
  EXPECT_EQ(text_of_file(valid_), kValid);
  EXPECT_EQ(text_of_file(folder_ / "nano.slm"), model);
}

TEST_F(PipelineCommands, SchemaIsJson) {
  EXPECT_TRUE(Json::accept(slm_graph({"schema"}).out));
}

TEST_F(PipelineCommands, ModelsTellsWhatFilesHoldAndWhichAreNone) {
  const auto junk = folder_.write("junk.gguf", "not a model");
  const auto ended = slm_graph({"models", folder_ / "nano.slm", junk, "--json"});
  EXPECT_EQ(ended.exit_code, 2);
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["models"][0]["format"], "ngram");
  EXPECT_EQ(json["models"][0]["labels"], Json({"music", "weather"}));
  EXPECT_NE(json["models"][1]["error"].get<std::string>().find("junk.gguf"), std::string::npos);
  EXPECT_NE(slm_graph({"models", folder_ / "nano.slm"}).out.find("int8"), std::string::npos);
}

}  // namespace
}  // namespace slm::testing
