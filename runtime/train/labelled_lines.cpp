#include "runtime/train/labelled_lines.h"

#include "runtime/input/source.h"

namespace slm::runtime {
namespace {

// `label` is what an outcome is judged by, so the source keeps it apart from the other fields.
std::optional<std::string> label_of(InputItem& item, const std::string& label_field) {
  if (label_field == "label") return std::move(item.expectation.label);
  const auto field = item.request.fields.find(label_field);
  if (field == item.request.fields.end()) return std::nullopt;
  return std::move(field->second);
}

void check_format(const std::filesystem::path& file) {
  const auto format = format_of(file);
  if (format != InputFormat::jsonl && format != InputFormat::csv)
    throw InputError("cannot train on " + file.string() +
                     ": expected JSON lines or CSV, named .jsonl, .ndjson, .json or .csv");
}

}  // namespace

std::vector<ngram::Example> read_labelled_lines(const std::vector<std::filesystem::path>& files,
                                                const std::string& text_field,
                                                const std::string& label_field) {
  std::vector<ngram::Example> examples;
  LineProblems problems;
  for (const auto& file : files) check_format(file);
  for (const auto& file : files) {
    ByteReader bytes{file};
    const auto source = make_source(bytes, file, {.text_field = text_field});
    while (auto item = source->next()) {
      auto label = label_of(*item, label_field);
      if (item->problem.empty() && (!label || label->empty()))
        item->problem = "`" + label_field + "` is missing";
      if (item->problem.empty()) {
        examples.push_back({std::move(item->request.text), *std::move(label)});
      } else {
        problems.add(file, item->line, item->problem);
      }
    }
  }
  problems.check();
  return examples;
}

}  // namespace slm::runtime
