#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <string>

#include "models/llama/kv_cache.h"
#include "models/llama/options.h"
#include "models/model.h"

namespace slm::llama {

/// The beginnings of prompts that a KvCache has saved, on disk, for the next time that the same model is
/// loaded with the same options and the same llama.cpp; such a file of others, or a damaged one, is ignored
/// and replaced. It holds tokens of prompts, so only its owner may read it. One thread for each object;
/// several, also of several processes, may have the same file: the last one to write wins.
class PrefixFile {
 public:
  /// `LlamaOptions::prefix_file`; where that is empty, nothing is read or written. `log` is told what goes
  /// wrong, none of which is thrown.
  PrefixFile(const ModelInfo& info, const LlamaOptions& options, int context, ModelLog log);

  /// The least recently used first; of more than `most_bytes`, the last.
  std::list<Snapshot> read(std::size_t most_bytes) const;
  void write(const std::list<Snapshot>& saved) const;

 private:
  const std::filesystem::path file_;
  const std::uint64_t identity_;  // of what the states are of use to
  const ModelLog log_;
};

/// Throws `ModelError` where there is no folder for such a file, or a folder in its place.
void check_prefix_file(const std::filesystem::path& file);

}  // namespace slm::llama
