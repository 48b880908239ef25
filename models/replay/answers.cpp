#include "models/replay/answers.h"

#include <fstream>
#include <stdexcept>

#include "models/replay/answered_lines.h"
#include "models/replay/recording.h"

namespace slm::replay {
namespace {

/// Tells of options that are for the other kind of file.
void check_options(const ReplayOptions& options, bool is_recording, Mistakes& mistakes) {
  const auto refuse = [&](bool is_given, const std::string& key) {
    if (is_given)
      mistakes.add((is_recording ? "is a recording; expected no `" : "is no recording; expected no `") + key +
                   "`");
  };
  refuse(is_recording && options.answer_field, "answer_field");
  refuse(is_recording && options.key, "key");
  refuse(is_recording && options.latency_field, "latency_field");
  refuse(is_recording && options.cost_field, "cost_field");
  refuse(!is_recording && options.model, "model");
  refuse(!is_recording && options.identity, "identity");
  if (!is_recording && !options.answer_field)
    mistakes.add("is no recording; expected `answer_field`, the member of each line that is the answer");
}

}  // namespace

bool is_recording(const std::filesystem::path& file) {
  std::string beginning(64, '\0');
  std::ifstream stream{file, std::ios::binary};
  stream.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  return begins_recording(beginning);
}

std::shared_ptr<const Answers> open_answers(const ReplayOptions& options,
                                            std::vector<std::string>& problems) {
  const std::string name = options.file.lexically_normal().string();
  Mistakes mistakes{name};
  problems.clear();
  const bool is_recorded = is_recording(options.file);
  check_options(options, is_recorded, mistakes);
  std::shared_ptr<const Answers> answers;
  try {
    if (is_recorded) {
      const auto index = index_of(options.file);
      problems = index->problems;
      if (problems.empty()) answers = std::make_shared<Recording>(index, options);
    } else if (options.answer_field) {
      answers = std::make_shared<AnsweredLines>(LineFile{options.file}, options, mistakes);
    }
  } catch (const std::invalid_argument& mistake) {
    mistakes.add(mistake.what());
  } catch (const ModelError& error) {
    problems.emplace_back(error.what());
  }
  for (std::string& mistake : mistakes.take()) problems.push_back(std::move(mistake));
  return problems.empty() ? answers : nullptr;
}

ModelInfo inspect_recording(const std::filesystem::path& file) {
  const auto index = index_of(file);
  if (!index->problems.empty()) throw ModelError(index->problems.front());
  ModelInfo info{.file = file, .format = "recording"};
  for (const RecordedModel& model : index->content.models)
    info.architecture.append(info.architecture.empty() ? "" : ", ")
        .append(std::to_string(model.calls))
        .append(" of ")
        .append(model.name);
  if (index->content.is_cut_off) info.architecture += ", the last line cut off";
  info.file_bytes = index->content.whole_bytes;
  info.memory_bytes = index->file.entries().size() * sizeof(LineFile::Entry);
  return info;
}

}  // namespace slm::replay
