#include "nodes/ngram_backend.h"

#include <algorithm>
#include <system_error>

#include "models/learning/learner.h"
#include "models/model_store.h"
#include "nodes/model_file_kind.h"

namespace slm {
namespace {

constexpr const char* kNgram = "ngram";

struct LearnEntry {
  MachinePath folder;
  std::vector<std::string> labels;
  double hold_out = learning::LearnOptions{}.hold_out;
  int keep = static_cast<int>(learning::LearnOptions{}.keep);
  int least_lessons = static_cast<int>(learning::LearnOptions{}.least_lessons);
  int most_lessons = static_cast<int>(learning::LearnOptions{}.most_lessons);
  bool wait = learning::LearnOptions{}.wait;

  static Fields<LearnEntry> fields() {
    return Fields<LearnEntry>{}
        .required("folder", &LearnEntry::folder, "where lessons and snapshots are kept; made where missing")
        .optional("labels", &LearnEntry::labels, "all that can be learnt; those of `file` if left out")
        .optional("hold_out", &LearnEntry::hold_out, "share of the lessons that is never trained on",
                  {0, 0.9})
        .optional("keep", &LearnEntry::keep, "snapshots that are kept", {2, 1000})
        .optional("least_lessons", &LearnEntry::least_lessons, "before the first training, and between two",
                  {10, 1'000'000})
        .optional("most_lessons", &LearnEntry::most_lessons, "of which the newest are kept", {10, 10'000'000})
        .optional("wait", &LearnEntry::wait, "`true`: the message that a training is due with waits for it");
  }
};

struct NgramEntry {
  std::string name;
  FilePath file;  ///< empty path: none
  std::optional<LearnEntry> learn;

  static Fields<NgramEntry> fields() {
    return Fields<NgramEntry>{}
        .optional("file", &NgramEntry::file,
                  "model file made by `slm-graph train`; may be left out where the model learns")
        .optional("learn", &NgramEntry::learn, "learn from what the tier above answers");
  }
};

const NgramEntry& entry_of(const void* options) {
  return *static_cast<const NgramEntry*>(options);
}

const NgramEntry& entry_of(const ModelSpec& model) {
  return entry_of(model.options.get());
}

/// The file that the model would begin with now; an empty path where there is none.
std::filesystem::path newest_file(const NgramEntry& entry) {
  std::error_code error;
  if (!entry.learn || !std::filesystem::is_directory(entry.learn->folder.path, error)) return entry.file.path;
  const learning::Snapshots snapshots{entry.learn->folder.path, entry.name, 0};
  const auto numbers = snapshots.numbers();
  return numbers.empty() ? entry.file.path : snapshots.file(numbers.back());
}

std::shared_ptr<Resource> open_learning(const NgramEntry& entry) {
  const LearnEntry& learn = *entry.learn;
  auto learner = std::make_shared<learning::Learner>(
      learning::LearnOptions{.name = entry.name,
                             .labels = learn.labels,
                             .file = entry.file.path,
                             .folder = learn.folder.path,
                             .hold_out = learn.hold_out,
                             .keep = static_cast<std::size_t>(learn.keep),
                             .wait = learn.wait,
                             .least_lessons = static_cast<std::size_t>(learn.least_lessons),
                             .most_lessons = static_cast<std::size_t>(learn.most_lessons)});
  Model model;
  model.info.format = kNgram;
  model.info.name = entry.name;
  model.info.labels = *learner->classifier()->labels();
  model.classifier = learner->classifier();
  model.learner = std::move(learner);
  return std::make_shared<ModelResource>(std::move(model));
}

std::vector<std::string> check(const NgramEntry& entry) {
  if (!entry.learn)
    return entry.file.path.empty() ? std::vector<std::string>{"no `file`; expected a model file, or `learn`"}
                                   : std::vector<std::string>{};
  std::vector<std::string> problems;
  std::vector<std::string> labels = entry.learn->labels;
  if (labels.empty() && entry.file.path.empty())
    problems.emplace_back(
        "`learn` without `labels`; expected those that there are, or a `file` to begin with");
  std::sort(labels.begin(), labels.end());
  const bool is_twice = std::adjacent_find(labels.begin(), labels.end()) != labels.end();
  if (labels.size() == 1 || is_twice || std::count(labels.begin(), labels.end(), "") > 0)
    problems.emplace_back("`labels` of `learn`: expected at least two different labels");
  if (entry.learn->least_lessons > entry.learn->most_lessons)
    problems.emplace_back("`least_lessons` of `learn` is more than `most_lessons`");
  return problems;
}

}  // namespace

bool is_ngram(const ModelSpec& model) {
  return model.type->name == kNgram;
}

ModelInfo ngram_info(const ModelSpec& model) {
  const NgramEntry& entry = entry_of(model);
  const std::filesystem::path file = newest_file(entry);
  if (!file.empty()) return inspect(file);
  ModelInfo info;
  info.format = kNgram;
  info.name = entry.name;
  info.labels = ngram_labels(model);
  return info;
}

std::vector<std::string> ngram_labels(const ModelSpec& model) {
  const NgramEntry& entry = entry_of(model);
  return entry.learn && !entry.learn->labels.empty() ? entry.learn->labels : inspect(entry.file.path).labels;
}

std::optional<LearningModel> learning_of(const ModelSpec& model) {
  if (!is_ngram(model) || !entry_of(model).learn) return std::nullopt;
  const std::filesystem::path& folder = entry_of(model).learn->folder.path;
  return LearningModel{folder, learning::read_state(folder / "state.json")};
}

ModelType ngram_backend() {
  ModelType type{kNgram, "our own n-gram classifier: microseconds a request, labels of its own",
                 with_model_file(NgramEntry::fields().list(), check_is_ngram)};
  type.make_options = [] { return std::make_shared<NgramEntry>(); };
  type.take_name = [](void* options, const std::string& name) {
    static_cast<NgramEntry*>(options)->name = name;
  };
  type.open = [](const void* options, const ModelSurroundings&) -> std::shared_ptr<Resource> {
    const NgramEntry& entry = entry_of(options);
    if (entry.learn) return open_learning(entry);
    return std::make_shared<ModelResource>(ModelStore::instance().open_ngram(entry.file.path));
  };
  type.check = [](const void* options) { return check(entry_of(options)); };
  type.serves = {"classify"};
  return type;
}

}  // namespace slm
