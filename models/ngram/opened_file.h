#pragma once

#include <cstddef>
#include <filesystem>

namespace slm::ngram {

/// A model file, open for reading. Throws `ModelError` if it cannot be opened, is not a regular file, or is
/// empty.
class OpenedFile {
 public:
  explicit OpenedFile(const std::filesystem::path& file);
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;
  ~OpenedFile();

  int descriptor() const { return descriptor_; }
  std::size_t size() const { return size_; }

  /// Throws `ModelError`: the file's name, `what` and, where `error` is one, its text.
  [[noreturn]] void fail(const char* what, int error = 0) const;

 private:
  std::filesystem::path file_;
  int descriptor_;
  std::size_t size_ = 0;
};

}  // namespace slm::ngram
