#include "models/replay/recording.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "models/output/utf8.h"

namespace slm::replay {
namespace {

// Behind every answer: an answer counts before a failure, and of several the first.
constexpr std::uint32_t kFailureRank = std::uint32_t{1} << 31U;

std::uint64_t about(const Asked& asked) {
  return hash_of(output::valid_utf8(asked.prompt));
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "`" : ", `").append(name).append("`");
  return list.empty() ? "none" : list;
}

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : text;
}

/// What is recorded, and what was asked instead.
std::string differences(const Record& record, const std::string& identity, const Asked& asked) {
  std::string text;
  const auto differ = [&](const char* what, const std::string& was, const std::string& is) {
    if (was != is)
      text.append(text.empty() ? "" : ", ")
          .append(what)
          .append(" ")
          .append(was)
          .append(" instead of ")
          .append(is);
  };
  const auto call = [](const Asked& one) {
    return std::string(one.call == Asked::Call::generate ? "generate" : "classify");
  };
  differ("model", record.identity, identity);
  differ("node type", call(record.asked), call(asked));
  if (call(record.asked) != call(asked)) return text;
  differ("form", record.asked.is_chat ? "chat" : "prompt", asked.is_chat ? "chat" : "prompt");
  differ("choices", listed(record.asked.choices), listed(asked.choices));
  differ("output format", or_none(record.asked.format), or_none(asked.format));
  differ("stop", listed(record.asked.stop), listed(asked.stop));
  differ("max_tokens", std::to_string(record.asked.max_tokens), std::to_string(asked.max_tokens));
  differ("thinking", std::to_string(record.asked.thinking_tokens), std::to_string(asked.thinking_tokens));
  differ("temperature", number(record.asked.temperature), number(asked.temperature));
  differ("seed", std::to_string(record.asked.seed), std::to_string(asked.seed));
  return text;
}

}  // namespace

RecordedModel* RecordingContent::model(const std::string& name, const std::string& identity) {
  const auto found = std::ranges::find_if(
      models, [&](const RecordedModel& one) { return one.name == name && one.identity == identity; });
  return found == models.end() ? nullptr : &*found;
}

std::vector<std::string> RecordingContent::names() const {
  std::vector<std::string> names;
  for (const RecordedModel& model : models)
    if (std::ranges::count(names, model.name) == 0) names.push_back(model.name);
  return names;
}

RecordingContent read_recording(const LineFile& file, Mistakes& mistakes,
                                const std::function<void(const Record&, const ReadLine&)>& see) {
  RecordingContent content;
  const auto take = [&](const Line& line, const ReadLine& read) {
    if (const auto* record = std::get_if<Record>(&line)) {
      RecordedModel* model = content.model(record->model, record->identity);
      if (!model) throw std::invalid_argument("expected a line with this `model` and `identity` before");
      const auto* scores = std::get_if<ChoiceScores>(&record->answer);
      if (record->asked.call == Asked::Call::classify && scores &&
          scores->evidence.labels.probabilities.size() != model->labels.size())
        throw std::invalid_argument("expected as many `probabilities` as the model has `labels`");
      ++model->calls;
      see(*record, read);
    } else if (const auto* model = std::get_if<RecordedModel>(&line)) {
      if (!content.model(model->name, model->identity)) content.models.push_back(*model);
    } else if (const auto* format = std::get_if<RecordedFormat>(&line)) {
      content.formats.push_back(format->name);
    }
  };
  file.each([&](const ReadLine& read) {
    try {
      if (read.number == 1 && !begins_recording(read.text))
        throw std::invalid_argument("expected a recording, which begins with `slm_graph_recording`");
      take(parse_line(read.text), read);
      content.whole_bytes = read.end;
    } catch (const std::invalid_argument& mistake) {
      if (read.is_whole || read.number == 1) return mistakes.add(read.number, mistake.what());
      content.is_cut_off = true;
    }
  });
  return content;
}

std::shared_ptr<const RecordingIndex> index_of(const std::filesystem::path& path) {
  struct Known {
    std::filesystem::path file;
    std::uintmax_t bytes;
    std::filesystem::file_time_type written;
    std::weak_ptr<const RecordingIndex> index;
  };
  static std::mutex mutex;
  static std::vector<Known> all;

  RecordingIndex index{.file = LineFile{path}, .content = {}, .problems = {}};
  std::error_code error;
  Known known{std::filesystem::canonical(path, error),
              std::filesystem::file_size(path, error),
              std::filesystem::last_write_time(path, error),
              {}};
  const std::lock_guard lock{mutex};
  std::erase_if(all, [](const Known& one) { return one.index.expired(); });
  for (const Known& one : all)
    if (one.file == known.file && one.bytes == known.bytes && one.written == known.written)
      if (auto shared = one.index.lock()) return shared;

  Mistakes mistakes{index.file.name()};
  index.content = read_recording(index.file, mistakes, [&](const Record& record, const ReadLine& line) {
    const bool is_failure = std::holds_alternative<ModelFailure>(record.answer);
    index.file.add({about(record.asked), record.key, line.offset,
                    static_cast<std::uint32_t>(line.text.size()),
                    line.number | (is_failure ? kFailureRank : 0)});
  });
  index.file.sort();
  index.problems = mistakes.take();
  auto shared = std::make_shared<const RecordingIndex>(std::move(index));
  known.index = shared;
  all.push_back(std::move(known));
  return shared;
}

namespace {

/// The model whose calls are meant.
const RecordedModel& chosen(const RecordingContent& content, const ReplayOptions& options) {
  const std::vector<std::string> names = content.names();
  std::string name = options.model.value_or(options.name);
  if (!options.model && names.size() == 1) name = names.front();
  std::vector<const RecordedModel*> models;
  std::vector<std::string> identities;
  for (const RecordedModel& model : content.models) {
    if (model.name != name) continue;
    identities.push_back(model.identity);
    if (!options.identity || model.identity == *options.identity) models.push_back(&model);
  }
  if (models.size() == 1) return *models.front();
  if (identities.empty())
    throw std::invalid_argument("holds no calls of a model `" + name +
                                "`; expected one of these as `model`: " + listed(names));
  throw std::invalid_argument("holds calls of " +
                              std::string(models.empty() ? "another model `" : "several models `") + name +
                              "`; expected one of these as `identity`: " + listed(identities));
}

}  // namespace

Recording::Recording(std::shared_ptr<const RecordingIndex> index, const ReplayOptions& options)
    : index_{std::move(index)}, model_{chosen(index_->content, options)} {
  labels_ = std::make_shared<const std::vector<std::string>>(model_.labels);
  info_.file = index_->file.path();
  info_.format = "replay";
  info_.name = model_.name;
  info_.architecture = "replay of " + model_.name + ", " + std::to_string(model_.calls) + " calls recorded" +
                       (index_->content.is_cut_off ? ", the last line cut off" : "");
  info_.file_bytes = index_->content.whole_bytes;
  info_.memory_bytes = index_->file.entries().size() * sizeof(LineFile::Entry);
  info_.labels = model_.labels;
  info_.checksum = model_.identity;
}

Came Recording::find(const Asked& asked, const std::string& /*id*/) const {
  const std::uint64_t key = key_of(asked, model_.identity);
  for (const LineFile::Entry& entry : index_->file.about(about(asked))) {
    if (entry.key != key) continue;
    try {
      return came(std::get<Record>(parse_line(index_->file.read(entry))));
    } catch (const std::exception&) {
      return {ModelFailure{.reason = index_->file.short_name() + " has been changed since it was opened"},
              {}};
    }
  }
  return {ModelFailure{.reason = why_not(asked)}, {}};
}

Came Recording::came(Record record) const {
  if (auto* scores = std::get_if<ChoiceScores>(&record.answer); scores && !scores->evidence.labels.empty())
    scores->evidence.labels.names =
        record.asked.call == Asked::Call::classify
            ? labels_
            : std::make_shared<const std::vector<std::string>>(record.asked.choices);
  return {std::move(record.answer), record.recorded};
}

std::string Recording::why_not(const Asked& asked) const {
  const LineFile& file = index_->file;
  const std::string prompt = output::valid_utf8(asked.prompt);
  std::string differs;
  for (const LineFile::Entry& entry : file.about(about(asked))) {
    try {
      const Record record = std::get<Record>(parse_line(file.read(entry)));
      if (record.asked.prompt != prompt) continue;
      // What the same model was asked says more than what another one was.
      if (differs.empty() || record.identity == model_.identity)
        differs = differences(record, model_.identity, asked);
    } catch (const std::exception&) {
      continue;  // changed meanwhile
    }
  }
  if (!differs.empty())
    return file.short_name() + " has no answer to this: the prompt is recorded with " + differs;
  return file.short_name() + " has no answer of `" + model_.name + "` to the prompt " +
         in_quotes(asked.prompt);
}

}  // namespace slm::replay
