#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/input/source.h"

namespace slm::runtime {

/// Where an item begins.
struct InputPosition {
  std::uint64_t number = 0;  ///< of the item, as `InputItem::number`
  std::size_t file = 0;      ///< its number
  std::uint64_t line = 0;    ///< from one
  std::uint64_t begin = 0;   ///< unpacked bytes of the file before it
};

/// The requests of all the files that somebody names, one file after the other, with one file open at a time.
///
/// A name that is no file's and holds `*`, `?` or `[` is a pattern, whose files come sorted by the bytes of
/// their names. Where a single file is named, lines without an id are numbered; of several, or a pattern, the
/// id is `FILE:LINE`, which stays the same whatever other files come or go.
///
/// Of a shard, the requests of the others are read and passed over.
///
/// One thread, apart from `bytes_read` and `size_bytes`.
class InputFiles {
 public:
  /// Opens the first file, and looks into the others as far as that waits for nobody. Throws InputError where
  /// one cannot be used or comes twice, or a pattern has no file. `stop` as for ByteReader.
  InputFiles(const std::vector<std::string>& names, SourceOptions options, int stop = -1);

  /// As `Source::next`.
  std::optional<InputItem> next();

  /// Of the item given last.
  InputPosition last_position() const { return last_; }
  /// Before the first item: goes on with the one that stood there in an earlier reading of the same files.
  void skip_to(const InputPosition& position);

  const std::vector<std::filesystem::path>& files() const { return files_; }
  /// Of the item given last; the first file and 0 before.
  std::string last_file() const { return name_of_input(files_[last_.file]); }
  std::uint64_t last_line() const { return last_.line; }
  /// Likewise, for messages: `line 17`, or of several files `logs/a.jsonl:17`.
  std::string last_place() const;

  /// Of all files, packed ones as they are.
  std::uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  /// Of all files, as they were at the start; 0 where nobody can know.
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  void open_next();
  void check_rest();

  SourceOptions options_;
  int stop_;
  std::vector<std::filesystem::path> files_;
  bool are_several_;
  std::size_t opened_ = 0;  // how many were
  InputPosition last_;
  std::uint64_t next_number_ = 0;
  std::unique_ptr<ByteReader> bytes_;
  std::unique_ptr<Source> source_;
  std::string id_beginning_;  // of ids in the file that is open, as JSON
  std::uint64_t bytes_before_ = 0;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::uint64_t size_bytes_ = 0;
};

}  // namespace slm::runtime
