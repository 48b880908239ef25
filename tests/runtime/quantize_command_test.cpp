#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

/// Of Q8_0 weights, so that quantising takes --requantize.
constexpr const char* kModel = SLM_TEST_GGUF;

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(QuantizeCommand, WritesAModelAndTellsSizes) {
  const TemporaryFolder folder;
  const auto output = folder / "small.gguf";
  const auto ended = slm_graph({"models", "quantize", kModel, "--to", "q4_0", "--requantize", "--tensor",
                                "attn_v=q8_0", "--output", output, "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto json = Json::parse(ended.out);
  EXPECT_EQ(json["output"], output.string());
  EXPECT_LT(json["after"]["file_bytes"], json["before"]["file_bytes"]);
  EXPECT_EQ(json["after"]["quantisation"], "Q4_0");
  EXPECT_GT(json["tensors"]["Q8_0"], 0);
  EXPECT_NE(ended.err.find("% of the"), std::string::npos) << ended.err;
  EXPECT_EQ(slm_graph({"models", output}).exit_code, 0);
  EXPECT_EQ(files_in(folder.path()), 1U) << "nothing temporary is left";
}

TEST(QuantizeCommand, OverwritesNothingUnlessForced) {
  const TemporaryFolder folder;
  const auto output = folder.write("there.gguf", "mine");
  std::vector<std::string> arguments{"models", "quantize",     kModel,     "--to",
                                     "Q8_0",   "--requantize", "--output", output};
  auto ended = slm_graph(arguments);
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("--force overwrites"), std::string::npos) << ended.err;
  EXPECT_EQ(text_of_file(output), "mine");
  arguments.emplace_back("--force");
  ended = slm_graph(arguments);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(slm_graph({"models", output}).exit_code, 0);
  arguments = {"models", "quantize", output, "--to", "Q8_0", "--requantize", "--force", "--output", output};
  EXPECT_EQ(slm_graph(arguments).exit_code, 2) << "a model is not quantised onto itself";
}

TEST(QuantizeCommand, AFailureLeavesTheOldFileAndNothingBesides) {
  const TemporaryFolder folder;
  const auto output = folder.write("there.gguf", "mine");
  const auto ended = slm_graph({"models", "quantize", kModel, "--to", "Q4_0", "--force", "--output", output});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("quantised already"), std::string::npos) << ended.err;
  EXPECT_EQ(text_of_file(output), "mine");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(QuantizeCommand, MistakesNameWhatWasMeant) {
  const auto error_of = [](std::vector<std::string> more) {
    std::vector<std::string> arguments{"models", "quantize", kModel, "--output", "/tmp/never-written.gguf"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2);
    return ended.err;
  };
  EXPECT_NE(error_of({"--to", "q4_k_n"}).find("did you mean `Q4_K_"), std::string::npos);
  EXPECT_NE(error_of({"--to", "Q4_0", "--tensor", "attn_v"}).find("such as attn_v=Q8_0"), std::string::npos);
  EXPECT_NE(error_of({"--to", "Q4_0", "--tensor", "a=Q8_1"}).find("did you mean"), std::string::npos);
  EXPECT_NE(error_of({"--too", "Q4_0"}).find("did you mean `--to`?"), std::string::npos);
  EXPECT_NE(error_of({}).find("`slm-graph models quantize --help`"), std::string::npos);
  EXPECT_EQ(slm_graph({"models"}).exit_code, 2);
  EXPECT_EQ(
      slm_graph({"models", "quantize", kModel, "--to", "Q8_0", "--output", "/nowhere/a.gguf"}).exit_code, 2);
}

TEST(QuantizeCommand, HelpAndCompletionKnowIt) {
  const auto help = slm_graph({"models", "quantize", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("--requantize"), std::string::npos) << help.out;
  for (const std::string shell : {"bash", "zsh", "fish"})
    EXPECT_NE(slm_graph({"completion", shell}).out.find("requantize"), std::string::npos) << shell;
  const auto script =
      slm_graph({"completion", "bash"}).out +
      "COMP_WORDS=(slm-graph models qua); COMP_CWORD=2; _slm_graph; echo \"${COMPREPLY[@]}\"\n"
      "COMP_WORDS=(slm-graph models quantize --req); COMP_CWORD=3; _slm_graph; echo \"${COMPREPLY[@]}\"\n"
      "COMP_WORDS=(slm-graph models quantize --to Q8); COMP_CWORD=4; _slm_graph; echo \"${COMPREPLY[@]}\"\n"
      "COMP_WORDS=(slm-graph models x --js); COMP_CWORD=3; _slm_graph; echo \"${COMPREPLY[@]}\"\n";
  Program bash{{"/bin/bash", "-c", script}};
  const auto ended = bash.wait();
  EXPECT_EQ(ended.out, "quantize\n--requantize\nQ8_0\n--json\n") << ended.err;
}

}  // namespace
}  // namespace slm::testing
