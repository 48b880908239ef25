#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace slm::link {

/// A file that only one opener at a time holds, in this process or any other. The kernel lets go of it when
/// its holder ends, however it ends. The file stays, holding the last holder's process id: to remove it
/// would let two processes lock two files of one name.
class FileLock {
 public:
  /// Takes the lock without waiting; empty if another has it. Throws std::system_error where the file
  /// cannot be made.
  static std::optional<FileLock> take(const std::filesystem::path& file);
  /// Whether somebody holds it, found out without disturbing anybody.
  static bool is_taken(const std::filesystem::path& file);
  /// The process id that the last holder left in the file; empty where there is none.
  static std::string holder(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_{descriptor} {}

  int descriptor_;
};

}  // namespace slm::link
