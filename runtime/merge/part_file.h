#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/descriptor.h"

namespace slm::runtime {

/// The output of a run, read by lines from anywhere in it. It is not mapped, since a run that goes on with it
/// cuts it, which would end a process that maps it. One thread.
class PartFile {
 public:
  /// Throws InputError, also where it is no regular file.
  explicit PartFile(std::filesystem::path file);

  /// The line that starts at this byte, without its line feed; empty where none follows. It is valid until
  /// the next call. At least `ahead` bytes are read where they were not. Throws InputError.
  std::optional<std::string_view> line_at(std::uint64_t offset, std::size_t ahead);
  /// Gives back the memory of what was read.
  void forget();

  const std::filesystem::path& file() const { return file_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  void load(std::uint64_t offset, std::size_t count);

  std::filesystem::path file_;
  Descriptor descriptor_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t begin_ = 0;  // of what the buffer holds
  std::string buffer_;
  bool is_to_end_ = false;  // whether the buffer reaches the end of the file
};

}  // namespace slm::runtime
