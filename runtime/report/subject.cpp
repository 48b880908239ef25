#include "runtime/report/subject.h"

#include "runtime/report/numbers.h"

namespace slm::runtime {

std::string data_text(std::size_t lines, const std::vector<std::filesystem::path>& files) {
  std::string text = counted(lines, "line") + " of ";
  for (const auto& file : files) {
    if (&file != &files.front()) text += ", ";
    text += file.filename().string();
  }
  return text;
}

std::vector<std::string> model_names(const PipelineSpec& spec) {
  std::vector<std::string> names;
  for (const ModelSpec& model : spec.models)
    if (spec.asks(model.name)) names.push_back(model.name);
  return names;
}

}  // namespace slm::runtime
