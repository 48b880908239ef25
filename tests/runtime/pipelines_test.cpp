// Every folder of tests/pipelines is a case:
//   pipeline.yaml         what is run; where it is not there, the ready-made pipeline of the folder's name
//                         (its models can be named by ${SLM_READY_MADE_PIPELINES}/NAME/FILE)
//   train.jsonl           where it is there, nano.slm is trained of it
//   input.jsonl           the requests (input.csv and input.txt work too)
//   expected.jsonl        what each outcome must say, by id: members that are not named are free, and an
//   outcome that
//                         is expected twice must come twice; no others may come
//   expected_errors.txt   instead of the two: `LINE:COLUMN: MESSAGE` of every problem, `…` standing for the
//   folder

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "nodes/builtin.h"
#include "runtime/run/runner.h"
#include "tests/runtime/nano_model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

class Pipelines : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    register_builtin_nodes();
    ::setenv("SLM_READY_MADE_PIPELINES", SLM_READY_MADE_PIPELINES, 1);
    std::filesystem::copy(GetParam(), folder_.path(), std::filesystem::copy_options::recursive);
    if (!std::filesystem::exists(pipeline())) {
      const std::filesystem::path name = GetParam().filename();
      const std::filesystem::path ready_made = std::filesystem::path{SLM_READY_MADE_PIPELINES} / name;
      for (const auto& entry : std::filesystem::directory_iterator{ready_made}) {
        if (entry.is_regular_file()) std::filesystem::copy(entry.path(), folder_.path());
      }
      std::filesystem::rename(folder_ / (name.string() + ".yaml"), pipeline());
    }
    if (std::filesystem::exists(folder_ / "train.jsonl"))
      train_nano_model(folder_ / "train.jsonl", folder_ / "nano.slm");
  }

  std::filesystem::path pipeline() const { return folder_ / "pipeline.yaml"; }

  std::filesystem::path input() const {
    for (const auto* name : {"input.csv", "input.txt"})
      if (std::filesystem::exists(folder_ / name)) return folder_ / name;
    return folder_ / "input.jsonl";
  }

  TemporaryFolder folder_;
};

std::vector<Json> lines_of(const std::filesystem::path& file) {
  std::ifstream stream{file};
  std::vector<Json> lines;
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(Json::parse(line));
  return lines;
}

/// Whether everything that `expected` says holds of `found`.
bool matches(const Json& expected, const Json& found) {
  if (!expected.is_object() || !found.is_object()) return expected == found;
  return std::ranges::all_of(expected.items(), [&](const auto& member) {
    return found.contains(member.key()) && matches(member.value(), found[member.key()]);
  });
}

std::vector<std::string> problems_of(const std::filesystem::path& folder) {
  try {
    const runtime::Runner runner{{.pipeline = folder / "pipeline.yaml",
                                  .inputs = {"/dev/null"},
                                  .output = "/dev/null",
                                  .source = {.format = runtime::InputFormat::jsonl}}};
    return {};
  } catch (const PipelineError& error) {
    std::vector<std::string> problems;
    for (const Problem& problem : error.problems()) {
      auto text = std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + ": " +
                  problem.message;
      for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder))
        text.replace(at, folder.string().size(), "…");
      problems.push_back(std::move(text));
    }
    return problems;
  }
}

TEST_P(Pipelines, EndAsExpected) {
  if (std::filesystem::exists(folder_ / "expected_errors.txt")) {
    std::string problems;
    for (const auto& problem : problems_of(folder_.path())) problems += problem + "\n";
    EXPECT_EQ(problems, text_of_file(folder_ / "expected_errors.txt"));
    return;
  }
  runtime::Runner runner{{.pipeline = pipeline(), .inputs = {input()}, .output = folder_ / "out.jsonl"}};
  runner.run();
  auto outcomes = lines_of(folder_ / "out.jsonl");
  for (const auto& expected : lines_of(folder_ / "expected.jsonl")) {
    const auto found =
        std::ranges::find_if(outcomes, [&](const Json& one) { return matches(expected, one); });
    if (found == outcomes.end()) {
      ADD_FAILURE() << "expected " << expected << ", found none such in\n"
                    << text_of_file(folder_ / "out.jsonl");
    } else {
      outcomes.erase(found);
    }
  }
  for (const auto& outcome : outcomes) ADD_FAILURE() << "not expected: " << outcome;
}

std::vector<std::filesystem::path> folders() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(SLM_TEST_PIPELINES))
    found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

INSTANTIATE_TEST_SUITE_P(Folder, Pipelines, ::testing::ValuesIn(folders()),
                         [](const auto& folder) { return folder.param.filename().string(); });

}  // namespace
}  // namespace slm::testing
