// Every file of pipelines/ is a pipeline. Lines `#! LINE:COLUMN: MESSAGE` at its end are the problems that
// loading it must report, all of them and no others; `#!env NAME=VALUE` sets a variable before. `…` in a
// message stands for the folder's path.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "nodes/builtin.h"

namespace slm {
namespace {

const std::filesystem::path kPipelines = SLM_TEST_PIPELINES;

struct Case {
  std::vector<std::string> expected;
  std::string yaml;
};

Case read_case(const std::filesystem::path& file) {
  Case found;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#! ")) {
      found.expected.push_back(line.substr(3));
    } else if (line.starts_with("#!env ")) {
      const std::size_t equals = line.find('=');
      setenv(line.substr(6, equals - 6).c_str(), line.substr(equals + 1).c_str(), 1);
    } else {
      found.yaml += line + '\n';
    }
  }
  return found;
}

std::vector<std::string> problems_of(const Case& given, const std::filesystem::path& file) {
  std::vector<std::string> found;
  try {
    Pipeline::parse(given.yaml, file);
  } catch (const PipelineError& error) {
    for (const Problem& problem : error.problems()) {
      std::string text = std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column) +
                         ": " + problem.message;
      const std::string folder = kPipelines.string();
      for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
        text.replace(at, folder.size(), "…");
      found.push_back(text);
    }
  }
  return found;
}

class Loader : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Loader, ReportsEveryProblemAndNoOther) {
  register_builtin_nodes();
  const Case given = read_case(GetParam());
  EXPECT_EQ(problems_of(given, GetParam()), given.expected);
}

std::vector<std::filesystem::path> all_pipelines() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{kPipelines}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Pipelines, Loader, testing::ValuesIn(all_pipelines()),
                         [](const auto& given) { return given.param.stem().string(); });

}  // namespace
}  // namespace slm
