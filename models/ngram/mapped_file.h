#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace slm::ngram {

/// A file's bytes, mapped read-only and shared with every process that maps it: for a look at a file of any
/// size, not for keeping. Whoever shortens the file meanwhile ends the process with SIGBUS.
class MappedFile {
 public:
  /// Throws `ModelError` if the file cannot be opened, is not a regular file, or is empty.
  explicit MappedFile(const std::filesystem::path& file);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slm::ngram
