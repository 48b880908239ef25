#include <memory>
#include <string_view>

#include "graph/pipeline.h"
#include "models/replay/replay_model.h"
#include "nodes/replay_backend.h"

namespace slm {

template <>
struct EnumNames<ReplayOptions::Key> {
  static constexpr std::pair<std::string_view, ReplayOptions::Key> names[] = {
      {"text", ReplayOptions::Key::text}, {"id", ReplayOptions::Key::id}};
};
template <>
struct EnumNames<ReplayOptions::Pace> {
  static constexpr std::pair<std::string_view, ReplayOptions::Pace> names[] = {
      {"at_once", ReplayOptions::Pace::at_once}, {"recorded", ReplayOptions::Pace::recorded}};
};

namespace {

constexpr const char* kReplay = "replay";

struct ReplayEntry {
  FilePath file;
  ReplayOptions options;
  std::optional<cache::CacheOptions> cache;
  /// Read when the pipeline is checked, since all that can be wrong with it is then to be told.
  struct Opened {
    std::shared_ptr<const replay::Answers> answers;
  };
  std::shared_ptr<Opened> opened = std::make_shared<Opened>();
};

/// A field of `ReplayEntry::options`.
template <class T>
Field option(const char* key, T ReplayOptions::*member, const char* doc) {
  return {key, doc, false, {}, kind_of<T>(), [member](void* entry) -> void* {
            return &(static_cast<ReplayEntry*>(entry)->options.*member);
          }};
}

std::vector<Field> replay_fields() {
  using O = ReplayOptions;
  std::vector<Field> fields =
      Fields<ReplayEntry>{}
          .required("file", &ReplayEntry::file, "recording of `slm-graph run --record`, or other JSON lines")
          .optional("cache", &ReplayEntry::cache, cache::kDoc)
          .list();
  for (Field& field : std::vector<Field>{
           option("model", &O::model, "whose calls of a recording; those of the same name if left out"),
           option("identity", &O::identity, "which of the models recorded by that name"),
           option("answer_field", &O::answer_field,
                  "of other JSON lines: where the answer stands, as answers.NAME"),
           option("key", &O::key,
                  "what tells the line: `text`, which is the prompt, or `id`, that of the request; `text` "
                  "where lines have it"),
           option("latency_field", &O::latency_field, "of other JSON lines: where the milliseconds stand"),
           option("cost_field", &O::cost_field, "of other JSON lines: where the cost stands"),
           option("pace", &O::pace,
                  "`at_once`, the default, or `recorded`: answers take the time they took")})
    fields.push_back(std::move(field));
  return fields;
}

const ReplayEntry& entry_of(const void* options) {
  return *static_cast<const ReplayEntry*>(options);
}

std::vector<std::string> check(const ReplayEntry& entry) {
  ReplayOptions options = entry.options;
  options.file = entry.file.path;
  std::vector<std::string> problems;
  entry.opened->answers = replay::open_answers(options, problems);
  if (entry.cache && entry.opened->answers && !entry.opened->answers->is_recording())
    problems.emplace_back(
        "`cache` is for a recording: other lines need not have the same answer for the same prompt");
  return problems;
}

}  // namespace

bool is_replayed(const ModelSpec& model) {
  return model.type->name == kReplay;
}

const replay::Answers* answers_of(const ModelSpec& model) {
  return entry_of(model.options.get()).opened->answers.get();
}

const cache::CacheOptions* replay_cache(const ModelSpec& model) {
  const auto& cache = entry_of(model.options.get()).cache;
  return cache ? &*cache : nullptr;
}

ModelType replay_backend() {
  ModelType type{kReplay, "answers from a file, as a model gave them once", replay_fields()};
  type.make_options = [] { return std::make_shared<ReplayEntry>(); };
  type.take_name = [](void* options, const std::string& name) {
    static_cast<ReplayEntry*>(options)->options.name = name;
  };
  type.open = [](const void* options, const ModelSurroundings&) -> std::shared_ptr<Resource> {
    const ReplayEntry& entry = entry_of(options);
    return std::make_shared<ModelResource>(replay::replayed(entry.opened->answers, entry.options.pace));
  };
  type.check = [](const void* options) { return check(entry_of(options)); };
  type.keep = keep_answers;
  type.serves = {"classify", "generate"};
  return type;
}

}  // namespace slm
