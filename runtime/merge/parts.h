#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/merge/part_file.h"

namespace slm::runtime {

/// The outcomes in several files, each to be taken once by its id, which may repeat. 16 bytes of memory each.
/// One thread, apart from `lines_read` and `bytes_read`.
class Parts {
 public:
  /// Throws InputError where one cannot be opened.
  explicit Parts(const std::vector<std::filesystem::path>& files);

  /// Reads all, unless `is_stopped` comes true. Throws DataError with the lines that are no outcomes, and
  /// InputError. Once, before everything below.
  void read(const std::function<bool()>& is_stopped);

  struct Match {
    std::string_view line;   ///< valid until the next call; empty where no outcome with the id is left
    std::size_t part = 0;    ///< where it is
    bool is_single = false;  ///< no other outcome has the id, and none had it before
  };
  /// Throws InputError.
  Match take(std::string_view id_json);

  /// Tells of each that was not taken its id, its part, and whether another one with the id was. Throws
  /// InputError.
  using OnLeft = std::function<void(std::string_view id_json, std::size_t part, bool is_doubled)>;
  void tell_left(const OnLeft& on_left);

  std::uint64_t count() const { return entries_.size(); }
  /// Those whose last line was cut off, as when a run is killed.
  const std::vector<std::size_t>& cut_off() const { return cut_off_; }
  std::uint64_t size_bytes() const { return begins_.back(); }
  std::uint64_t lines_read() const { return lines_read_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint64_t place;  // of the line's first byte, all files in a row
  };

  void read(std::size_t part, const std::function<bool()>& is_stopped);
  std::size_t part_of(std::uint64_t place) const;
  /// Of entries with the same hash; those that are taken stand first, so that an id that comes a million
  /// times is not looked through each time.
  std::size_t first_left(std::size_t begin, std::size_t end) const;
  std::string_view line_of(const Entry& entry);

  std::vector<PartFile> files_;
  std::vector<std::uint64_t> begins_;  // of each file, and the end of all
  std::vector<Entry> entries_;         // by hash, once all are read
  std::vector<bool> is_taken_;         // by entry
  std::vector<std::size_t> cut_off_;
  std::atomic<std::uint64_t> lines_read_{0};
  std::atomic<std::uint64_t> bytes_read_{0};
};

}  // namespace slm::runtime
