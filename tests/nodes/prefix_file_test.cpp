#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/llama/tiny_model.h"

namespace slm {
namespace {

class PrefixFileOfAPipeline : public ::testing::Test {
 protected:
  PrefixFileOfAPipeline() {
    register_builtin_nodes();
    testing::write({}, "kept.gguf");
    std::filesystem::remove(file_);
  }

  /// Two requests, whose prompts begin in the same way.
  void run(const std::string& more_options = "", GraphOptions options = {}) {
    const std::string yaml =
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
        "  small: { backend: llama, file: kept.gguf, slots: 1, threads: 1, prefix_file: kept.prefix" +
        more_options +
        " }\nnodes:\n"
        "  a: { type: generate, model: small, max_tokens: 4, "
        "prompt: 'all that is said to begin with, to every question: {text}' }\n";
    options.log = [this](const std::string& line) { log_ += line + "\n"; };
    Graph graph{Pipeline::parse(yaml, testing::test_folder() / "p.yaml"), options};
    for (const char* text : {"one", "two"})
      EXPECT_EQ(graph.submit({.text = text}).get().kind, OutcomeKind::answered);
  }

  const std::filesystem::path file_ = testing::test_folder() / "kept.prefix";
  std::string log_;
};

TEST_F(PrefixFileOfAPipeline, LiesBesideItAndIsKept) {
  run();
  ASSERT_TRUE(std::filesystem::exists(file_));
  const auto written = std::filesystem::last_write_time(file_);
  run();
  EXPECT_EQ(std::filesystem::last_write_time(file_), written) << "it had all";
  EXPECT_EQ(log_, "");
}

TEST_F(PrefixFileOfAPipeline, IsNotTouchedWhereMessagesAreTriedOut) {
  GraphOptions trial;
  trial.is_trial = true;
  run("", trial);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(PrefixFileOfAPipeline, IsToldOfFromBeginningToEnd) {
  for (const char* options : {"", ", cache: {}", ", load: on_demand"}) {
    std::ofstream(file_) << "a diary";
    log_.clear();
    run(options);
    EXPECT_NE(log_.find("prompts are evaluated anew"), std::string::npos) << options << log_;
    EXPECT_NE(log_.find("is left as it is"), std::string::npos) << options << log_;
  }
}

TEST_F(PrefixFileOfAPipeline, IsAnErrorWhereThereIsNoFolderForIt) {
  std::string message;
  try {
    run("/absent/kept.prefix");
  } catch (const PipelineError& error) {
    message = error.what();
  }
  EXPECT_NE(message.find("there is no folder"), std::string::npos) << message;
}

}  // namespace
}  // namespace slm
