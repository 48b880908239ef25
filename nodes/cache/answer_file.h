#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nodes/cache/kept_lines.h"
#include "nodes/link/file_lock.h"
#include "nodes/link/sqlite.h"

namespace slm::cache {

/// Whether an answer to a near question was wrong, and by which setting it would have been given.
struct KeptAudit {
  std::uint64_t setting = 0;
  bool is_error = false;
};

/// Lines on disk: an SQLite file that one process has at a time, read when it is opened and written by a
/// thread of its own, so that nobody waits for the disk. Any thread may call any function.
///
/// What was written in the last moments before the machine loses power may be missing. A line that the thread
/// is too slow for is left out. Where it cannot write, a full disk perhaps, that is told once, and nothing is
/// written any more.
class AnswerFile : public Journal {
 public:
  using Log = std::function<void(const std::string&)>;

  /// Lines that wait to be written; more are left out.
  static constexpr std::size_t kMostPending = 20'000;

  /// Makes the file where there is none, and sets aside one that is damaged, as `<name>.corrupt`. Null where
  /// another has it open or the disk is full: both are told. Throws std::runtime_error where it is no such
  /// file, or its folder cannot be written.
  static std::shared_ptr<AnswerFile> open(const std::filesystem::path& file, Log log);
  /// Writes what waits.
  ~AnswerFile() override;

  /// What it held when it was opened, the oldest first, without damaged lines; once.
  std::vector<KeptLine> take_lines() { return std::move(lines_); }

  /// Those that it held of this setting, the oldest first.
  std::vector<bool> audits(std::uint64_t setting) const;

  void put(const KeptLine& line) override;
  void remove(std::uint64_t key) override;
  void put(const KeptAudit& audit);
  /// Waits until all that was put before is written, or cannot be.
  void flush();

 private:
  struct Pending {
    std::unordered_map<std::uint64_t, std::optional<KeptLine>> lines;  ///< by key; empty: to be removed
    std::vector<KeptAudit> audits;
    bool empty() const { return lines.empty() && audits.empty(); }
  };

  AnswerFile(std::filesystem::path file, link::FileLock lock, Log log);
  void open_database();
  void set_aside(const std::string& damage);
  void read();
  void run();
  void write(const Pending& pending);
  void tell(const std::string& what) const;

  const std::filesystem::path file_;
  const link::FileLock lock_;
  const Log log_;
  std::vector<KeptLine> lines_;
  std::vector<KeptAudit> audits_;
  std::optional<link::Database> database_;  ///< of the thread, once it runs

  std::mutex mutex_;
  std::condition_variable news_;
  // All guarded by mutex_
  Pending pending_;
  bool is_writing_ = false;
  bool is_stopped_ = false;  ///< it cannot be written
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace slm::cache
