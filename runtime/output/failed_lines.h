#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/descriptor.h"

namespace slm::runtime {

/// The lines of input that ended `failed` or `expired`, each with its id and the `reason`, as JSON lines that
/// can be the input of another run. Any thread may add.
class FailedLines {
 public:
  /// Opens the file, and leaves what it holds until `cut`. Throws OutputError.
  explicit FailedLines(const std::filesystem::path& file);
  /// Takes off all after `end`. Throws OutputError where it ends before.
  void cut(std::uint64_t end);

  /// `written` is the line as it came, or as JSON where it came otherwise; what is no JSON object goes into a
  /// member `unread`, as it is no request.
  void add(const std::string& id_json, std::string_view written, const std::string& reason);

  std::uint64_t count() const;
  /// Bytes of a regular file; 0 of anything else.
  std::uint64_t end() const;
  /// Makes them outlive a loss of power; false where they do not.
  bool sync() const;
  /// Why writing failed, after which nothing more is written; or empty.
  std::string error() const;

 private:
  Descriptor file_;
  mutable std::mutex mutex_;
  std::filesystem::path name_;
  bool is_file_ = false;
  std::uint64_t count_ = 0;  // these are guarded by mutex_
  std::uint64_t end_ = 0;
  std::string error_;
};

}  // namespace slm::runtime
