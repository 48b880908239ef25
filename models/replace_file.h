#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>

namespace slm {

/// A temporary file beside the one that it is to replace, so that the name always leads to the old bytes or
/// to the new ones, also after a power cut. A link goes on leading to the file. One thread.
///
/// All throw `std::system_error`; opening it also where the name leads to something that is no regular file.
class FileReplacement {
 public:
  /// `mode`: who may read and write it, as `open` has it.
  explicit FileReplacement(const std::filesystem::path& file, unsigned mode = 0644);
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  /// Removes it unless it was finished; the old file stays.
  ~FileReplacement();

  void write(std::span<const std::byte> bytes);
  /// Syncs and renames it. Once.
  void finish();
  /// Of the temporary file.
  const std::filesystem::path& path() const { return path_; }

 private:
  [[noreturn]] void fail() const;
  void sync_folder() const;

  std::filesystem::path name_;
  std::filesystem::path target_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  bool is_kept_ = false;
};

/// Replaces the file by one of these bytes. The temporary one is shown to `inspect` before it is renamed;
/// where that throws, the old file stays.
void replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes,
                  const std::function<void(const std::filesystem::path& temporary)>& inspect);

/// Throws what `replace_file` would throw as things stand: for a folder that is missing or cannot be written
/// to, a device, a pipe. To be asked before the work that makes the bytes.
void check_replaceable(const std::filesystem::path& file);

}  // namespace slm
