#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "models/llama/options.h"
#include "models/memory_budget.h"
#include "models/model.h"

namespace slm {

/// Opens model files, each once: who opens the same file with the same options shares one model, and the last
/// to let go unloads it. Any thread may call any function; several may load different models at once.
///
/// A file's format is read from its content, whatever its name. Everything that is wrong with a file is a
/// `ModelError` that names it: missing, a directory, not readable, cut off, of another format than expected,
/// too new.
class ModelStore {
 public:
  /// The store that all graphs of a program share.
  static ModelStore& instance();

  /// Bytes that models may take together, by what `inspect` says of each; 0: as many as there are. One that
  /// stays and has no room beside others that stay is a `ModelError`.
  void set_memory(std::uint64_t bytes) { budget_->set_limit(bytes); }

  Model open_ngram(const std::filesystem::path& file);
  /// `log` is that of who opens the model first, for as long as any of them has it.
  Model open_llama(const std::filesystem::path& file, const LlamaOptions& options = {},
                   const ModelLog& log = nullptr);

 private:
  struct Entry;
  std::shared_ptr<Entry> entry_for(const std::filesystem::path& file, const LlamaOptions& options);
  Model open(const std::filesystem::path& file, const LlamaOptions& options,
             const std::function<Model()>& load);
  Model kept(const std::filesystem::path& file, const LlamaOptions& options,
             const std::function<Model()>& load);
  Model on_demand(const std::filesystem::path& file, const LlamaOptions& options, const ModelLog& log);

  const std::shared_ptr<MemoryBudget> budget_ = std::make_shared<MemoryBudget>();
  std::mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_;  // guarded by mutex_; few, so they are searched one by one
};

/// Throws `ModelError` as the store does where a look at the file's beginning tells that it is no such model.
void check_is_ngram(const std::filesystem::path& file);
void check_is_gguf(const std::filesystem::path& file);

/// What a model file of either format says of itself, without loading its weights; the memory is that with
/// these options. Throws `ModelError` as the store does.
ModelInfo inspect(const std::filesystem::path& file, const LlamaOptions& llama = {});

}  // namespace slm
