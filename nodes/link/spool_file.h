#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nodes/link/spool_check.h"
#include "nodes/link/spool_clock.h"

namespace slm::link {

/// An open spool file that is locked, sound and ours, and its transactions. One thread at a time, but for the
/// functions that are const; those touch nothing on disk. Functions throw SqliteError unless they say
/// otherwise.
class SpoolFile {
 public:
  /// Opens, repairs or makes it, and takes a new epoch. Throws SpoolError.
  explicit SpoolFile(SpoolOptions options);
  ~SpoolFile();

  std::uint64_t epoch() const { return state_.epoch; }
  /// As of the last commit.
  std::uint64_t entries() const { return state_.entries; }
  std::uint64_t bytes() const { return state_.bytes; }
  /// By the spool's clock; empty for no entries.
  std::optional<std::int64_t> oldest_ms() const { return oldest_ms_; }
  /// What opening it had to mend, once.
  std::optional<SpoolRepair> take_repair() { return std::exchange(repair_, std::nullopt); }

  /// Where the entry lies or would lie; empty for an epoch that left nothing.
  std::optional<std::int64_t> position_of(const SpoolId& id) const;
  /// Where what comes after it begins.
  std::int64_t position_after(const SpoolId& id) const;
  SpoolTime time() const { return options_.time ? options_.time() : machine_time(); }

  // A transaction
  void begin();
  void insert(const SpoolEntry& entry);
  /// Positions in ascending order; those where nothing lies are passed over. How many there were.
  std::uint64_t remove(const std::vector<std::int64_t>& positions);
  void attempted(std::int64_t position);
  struct Oldest {
    SpoolId id;
    std::int64_t position;
    std::int64_t stored_ms;
  };
  std::optional<Oldest> oldest();
  void remove_oldest(const Oldest& oldest);
  /// In the transaction.
  std::uint64_t entries_so_far() const { return next_.entries; }
  std::uint64_t bytes_so_far() const { return next_.bytes; }
  std::int64_t clock_ms() const { return clock_->at(begun_); }

  const SpoolClock& clock() const { return *clock_; }
  void commit();
  void rollback() noexcept;

  /// After damage was met: checks all of it again, repairs it where needed, and goes on. Nobody else in this
  /// process may have it open. Throws SpoolError, and may then only be tried again.
  void reopen();
  bool is_open() const { return statements_ != nullptr; }
  /// Whether the machine's clock was set since the last call, which a commit has to note.
  bool clock_jumped();
  /// Gives an empty file's room back to the disk, if it is much.
  void shrink_if_empty();

 private:
  struct Statements;

  /// Whose it is, where that can be read; throws SpoolError where it is not for us.
  void refuse_foreign() const;
  void refuse_version(const Database& database, const SpoolIdentity& found) const;
  /// Where it is damaged, that is mended first.
  SpoolContent sound_content();
  void mend(const std::string& damage);
  void open_for_writing();
  void take_epoch(const SpoolContent& content);
  SpoolError error(const std::string& what) const;
  SpoolIdentity identity() const { return {kSpoolFormat, options_.pipeline, options_.pipeline_hash}; }

  SpoolOptions options_;
  std::optional<FileLock> lock_;
  std::optional<Database> database_;
  std::unique_ptr<Statements> statements_;
  std::optional<SpoolClock> clock_;
  SpoolTime begun_;
  SpoolState state_;
  SpoolState next_;
  std::optional<std::int64_t> oldest_ms_;
  std::map<std::uint64_t, std::int64_t> bases_;
  std::optional<SpoolRepair> repair_;
};

}  // namespace slm::link
