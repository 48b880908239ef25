#include "models/model_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "models/llama/gguf_file.h"
#include "models/llama/llama_model.h"
#include "models/llama/prefix_file.h"
#include "models/ngram/model.h"
#include "models/on_demand_model.h"
#include "models/replay/answers.h"

namespace slm {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw ModelError(file.string() + ": " + why);
}

enum class ModelFormat { ngram, gguf };

const char* name_of(ModelFormat format) {
  return format == ModelFormat::gguf ? "a GGUF model" : "an ngram model";
}

/// What a file of no known format may be, by how it begins.
std::string guess(std::string_view beginning) {
  if (beginning.starts_with("version ")) return "; it looks like a Git LFS pointer: run `git lfs pull`";
  if (beginning.starts_with("PK")) return "; it looks like a PyTorch or zip archive: convert it to GGUF";
  if (beginning.find("{\"") != std::string_view::npos)
    return "; it looks like safetensors or JSON: convert it to GGUF";
  return {};
}

ModelFormat format_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) refuse(file, "there is no such file");
  if (std::filesystem::is_directory(status)) refuse(file, "a directory, expected a model file");
  if (error) refuse(file, "cannot be read: " + error.message());
  if (!std::filesystem::is_regular_file(status)) refuse(file, "no regular file");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(file, "cannot be read: " + std::generic_category().message(errno));
  std::array<char, 16> bytes{};
  stream.read(bytes.data(), bytes.size());
  const std::string_view beginning(bytes.data(), static_cast<std::size_t>(stream.gcount()));
  if (beginning.empty()) refuse(file, "the file is empty");
  if (beginning.starts_with("GGUF")) return ModelFormat::gguf;
  if (beginning.starts_with("SLMNGRAM")) return ModelFormat::ngram;
  refuse(file, "neither a GGUF nor an ngram model" + guess(beginning));
}

void expect(ModelFormat expected, const std::filesystem::path& file) {
  const ModelFormat found = format_of(file);
  if (found != expected)
    refuse(file, std::string("expected ") + name_of(expected) + ", found " + name_of(found));
}

/// Tells a file that was replaced from the one that is loaded.
struct FileVersion {
  std::filesystem::path file;  // canonical
  std::uintmax_t size;
  std::filesystem::file_time_type written;

  bool operator==(const FileVersion&) const = default;
};

FileVersion version_of(const std::filesystem::path& file) {
  try {
    return {std::filesystem::canonical(file), std::filesystem::file_size(file),
            std::filesystem::last_write_time(file)};
  } catch (const std::filesystem::filesystem_error& error) {
    refuse(file, error.code().message());
  }
}

}  // namespace

struct ModelStore::Entry {
  FileVersion version;
  LlamaOptions options;  // the defaults for other formats

  std::mutex mutex;  // held while loading: who comes second waits for it
  Model described;   // what it says of itself, without what it can do
  std::weak_ptr<Classifier> classifier;
  std::weak_ptr<Generator> generator;
  std::weak_ptr<ChoiceScorer> scorer;

  bool is_unloaded() const { return classifier.expired() && generator.expired() && scorer.expired(); }

  std::optional<Model> loaded() const {
    Model model = described;
    model.classifier = classifier.lock();
    model.generator = generator.lock();
    model.scorer = scorer.lock();
    if (!model.classifier && !model.generator && !model.scorer) return std::nullopt;
    return model;
  }

  void remember(const Model& model) {
    classifier = model.classifier;
    generator = model.generator;
    scorer = model.scorer;
    described = model;
    described.classifier = nullptr;
    described.generator = nullptr;
    described.scorer = nullptr;
  }
};

std::shared_ptr<ModelStore::Entry> ModelStore::entry_for(const std::filesystem::path& file,
                                                         const LlamaOptions& options) {
  const FileVersion version = version_of(file);
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const std::shared_ptr<Entry>& entry) {
    return entry->version == version && entry->options == options;
  });
  if (found != entries_.end()) return *found;
  // An entry that nobody else holds is not being loaded either.
  std::erase_if(entries_, [](const std::shared_ptr<Entry>& entry) {
    return entry.use_count() == 1 && entry->is_unloaded();
  });
  auto entry = std::make_shared<Entry>();
  entry->version = version;
  entry->options = options;
  return entries_.emplace_back(std::move(entry));
}

Model ModelStore::open(const std::filesystem::path& file, const LlamaOptions& options,
                       const std::function<Model()>& load) {
  const std::shared_ptr<Entry> entry = entry_for(file, options);
  const std::lock_guard lock(entry->mutex);
  if (auto model = entry->loaded()) return *std::move(model);
  Model model = load();
  entry->remember(model);
  return model;
}

ModelStore& ModelStore::instance() {
  static ModelStore store;
  return store;
}

/// Room for what is loaded now and stays.
Model ModelStore::kept(const std::filesystem::path& file, const LlamaOptions& options,
                       const std::function<Model()>& load) {
  if (const std::uint64_t limit = budget_->limit(); limit > 0) {
    const std::uint64_t bytes = inspect(file, options).memory_bytes;
    if (budget_->kept() + bytes > limit)
      refuse(file, "it takes " + std::to_string(bytes) + " bytes of memory, beside " +
                       std::to_string(budget_->kept()) +
                       " of models that are always loaded, and models may take " + std::to_string(limit) +
                       "; allow more, or give `llama` models `load: on_demand`");
  }
  Model model = load();
  // The room is given back with the last that uses any part of the model.
  const auto both = std::make_shared<std::pair<std::shared_ptr<void>, Model>>(
      budget_->keep(model.info.memory_bytes), model);
  const auto with_room = [&both](auto part) { return part ? decltype(part){both, part.get()} : part; };
  model.classifier = with_room(model.classifier);
  model.generator = with_room(model.generator);
  model.scorer = with_room(model.scorer);
  return model;
}

Model ModelStore::on_demand(const std::filesystem::path& file, const LlamaOptions& options,
                            const ModelLog& log) {
  Model model = llama::describe_llama(file, options);
  const std::uint64_t bytes = model.info.memory_bytes;
  if (const std::uint64_t limit = budget_->limit(); limit > 0 && bytes > limit)
    refuse(file, "it takes " + std::to_string(bytes) + " bytes of memory, and models may take " +
                     std::to_string(limit));
  const auto itself = std::make_shared<OnDemandModel>(
      bytes,
      [file, options, log](const auto& is_wanted) {
        return llama::load_llama(file, options, is_wanted, log);
      },
      budget_);
  model.generator = itself;
  model.scorer = itself;
  return model;
}

Model ModelStore::open_ngram(const std::filesystem::path& file) {
  expect(ModelFormat::ngram, file);
  return open(file, {}, [&] { return kept(file, {}, [&] { return ngram::load(file); }); });
}

Model ModelStore::open_llama(const std::filesystem::path& file, const LlamaOptions& options,
                             const ModelLog& log) {
  expect(ModelFormat::gguf, file);
  if (!options.prefix_file.empty()) llama::check_prefix_file(options.prefix_file);
  return open(file, options, [&] {
    if (options.load == LlamaOptions::Load::on_demand) return on_demand(file, options, log);
    return kept(file, options, [&] { return llama::load_llama(file, options, nullptr, log); });
  });
}

void check_is_ngram(const std::filesystem::path& file) {
  expect(ModelFormat::ngram, file);
}

void check_is_gguf(const std::filesystem::path& file) {
  expect(ModelFormat::gguf, file);
}

ModelInfo inspect(const std::filesystem::path& file, const LlamaOptions& llama) {
  if (replay::is_recording(file)) return replay::inspect_recording(file);
  if (format_of(file) == ModelFormat::gguf) return llama::inspect_gguf(file, llama);
  return ngram::load(file).info;  // reads and checks the whole file, some milliseconds
}

}  // namespace slm
