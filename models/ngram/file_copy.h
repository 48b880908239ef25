#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace slm::ngram {

/// A file's bytes in memory of our own, read-only and aligned to a page: what becomes of the file afterwards
/// does not touch them.
class FileCopy {
 public:
  /// Throws `ModelError` if the file cannot be opened or read, is not a regular file, or is empty.
  explicit FileCopy(const std::filesystem::path& file);
  FileCopy(const FileCopy&) = delete;
  FileCopy& operator=(const FileCopy&) = delete;
  ~FileCopy();

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slm::ngram
