#include <nlohmann/json.hpp>

#include "graph/pipeline.h"
#include "runtime/cli/console.h"
#include "runtime/cli/pipeline_commands.h"
#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Problem> problems_of(const std::filesystem::path& file, std::string& summary) {
  try {
    const auto pipeline = Pipeline::load(file);
    const auto& spec = pipeline.spec();
    summary = file.string() + ": valid: pipeline " + spec.name + ", " + counted(spec.nodes.size(), "node") +
              ", " + counted(spec.models.size(), "model") + "\n";
    return {};
  } catch (const PipelineError& error) {
    return error.problems();
  }
}

}  // namespace

int validate(const ValidateArguments& arguments) {
  std::string text;
  Json json = {{"files", Json::array()}};
  bool is_valid = true;
  for (const auto& file : arguments.pipelines) {
    std::string summary;
    const auto problems = problems_of(file, summary);
    is_valid = is_valid && problems.empty();
    text += summary;
    Json listed = Json::array();
    for (const auto& problem : problems) {
      text += to_string(problem) + "\n";
      listed.push_back({{"file", problem.file.string()},
                        {"line", problem.place.line},
                        {"column", problem.place.column},
                        {"message", problem.message}});
    }
    json["files"].push_back({{"file", file.string()}, {"valid", problems.empty()}, {"problems", listed}});
  }
  json["valid"] = is_valid;
  write_result(arguments.is_json ? json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text);
  return is_valid ? kExitDone : kExitUsage;
}

}  // namespace slm::runtime
