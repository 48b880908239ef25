#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace slm::ngram {

/// A folder of one test's own, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  std::size_t count_files() const;

 private:
  std::filesystem::path path_;
};

/// Sentences made up from a small grammar: music, weather, alarm and other. One label in forty is random.
std::vector<Example> sample_examples(std::size_t count, std::uint64_t seed = 7);

std::vector<std::byte> read_bytes(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, const std::vector<std::byte>& bytes);

/// `folder/file` below SLM_GRAPH_DATA; empty where that is not set or lacks the file.
std::optional<std::vector<Example>> shared_examples(const std::string& file);

}  // namespace slm::ngram
