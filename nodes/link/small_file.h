#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace slm::link {

/// What tells whether a file is still the one that was read, and who may touch it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;  ///< of the content
  std::int64_t changed_ns = 0;   ///< of the content, owner or mode; nobody can set it back
  std::uint32_t mode = 0;

  bool is_regular() const { return S_ISREG(mode); }
  bool is_folder() const { return S_ISDIR(mode); }
  bool operator==(const FileStamp&) const = default;
};

/// Of the file that the path leads to, links followed. Empty where it leads to none, `errno` saying why.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

struct SmallFile {
  std::string text;
  FileStamp stamp;
};

/// Reads a regular file of at most `max_bytes` whole. Never waits, as for the writer of a pipe. Throws
/// KeyError.
SmallFile read_small_file(const std::filesystem::path& path, std::size_t max_bytes);

enum class Overwrite { no, yes };

/// Writes a file that at no moment has another mode, or only a part of the text. Throws KeyError, also where
/// the file exists and is not to be overwritten.
void write_small_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                      Overwrite overwrite);

}  // namespace slm::link
