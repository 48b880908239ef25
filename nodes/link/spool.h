#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// The disk queue behind a link: what was appended and found durable is there after the process, or the
/// machine, died, until it is removed. `docs/spool-format.md` describes the file.
namespace slm::link {

/// Unique for ever among what one process sends: every opening of its spool takes a new epoch, and sequences
/// count from 1 within it.
struct SpoolId {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;

  auto operator<=>(const SpoolId&) const = default;
};

/// `1785322222123-17`: epoch and sequence.
std::string to_string(const SpoolId& id);

struct SpoolEntry {
  SpoolId id;
  int attempts = 0;
  /// By the spool's own clock, which follows the machine's but never jumps while the spool is open.
  std::chrono::system_clock::time_point stored{};
  /// Where it goes, for people who look into the spool.
  std::string destination;
  /// Bytes that mean nothing to the spool.
  std::string header;
  std::string payload;
};

/// The spool cannot be opened; the text says why and what to do.
class SpoolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Why an entry left the spool without being removed.
enum class SpoolDrop { full, too_old };

/// A damaged spool was set aside, and what could still be read went into a new one.
struct SpoolRepair {
  std::string damage;
  /// Where the damaged file is now, with its `-wal` beside it if it had one.
  std::filesystem::path set_aside;
  std::uint64_t saved = 0;
  /// Empty: how many there were cannot be told any more.
  std::optional<std::uint64_t> lost;
};

struct SpoolTime {
  std::chrono::system_clock::time_point wall;
  std::chrono::steady_clock::time_point steady;
};

struct SpoolOptions {
  // Identity
  /// Its folder must exist. `-wal`, `-shm` and `.lock` files stand beside it while it is in use.
  std::filesystem::path file;
  /// A file that belongs to another pipeline is refused; likewise one of another hash, unless it is empty.
  std::string pipeline;
  std::uint64_t pipeline_hash = 0;
  bool accepts_other_hash = false;

  // Behaviour
  /// Of the entries, each counted as its destination, header and payload and 64 bytes more. The file takes
  /// up to a third more, and its `-wal` some 64 MiB beside it.
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  std::uint64_t max_count = 1'000'000;
  /// Entries older than this are dropped; zero: never. Time in which the machine's clock jumped while the
  /// spool was open does not count, nor does time that a clock set back seems to have taken away.
  std::chrono::seconds max_age = std::chrono::hours{24 * 7};
  /// At either bound, `append` waits until there is room, or the oldest entries are dropped, or it fails.
  enum class Full { block, drop_oldest, fail } when_full = Full::block;
  /// `each_commit`: the write-ahead log is synced (fdatasync) before anything is called durable, so it
  /// survives loss of power; costs one sync of the disk for each group of entries. `process`: the log is
  /// written but not synced until a checkpoint: survives the end of the process however it ends, while loss
  /// of power may undo the last commits, in order, and never damages the file.
  enum class Sync { each_commit, process } sync = Sync::each_commit;

  // Performance
  /// Of entries that wait in memory for the disk. Beyond, `append` waits with `Full::block` and else fails.
  std::size_t max_unwritten_bytes = std::size_t{64} << 20U;

  // Events: called on the writer's thread, the first ones perhaps before the constructor has returned. They
  // must not throw, nor destroy the spool.
  /// Once for each entry that is dropped, after the commit that drops it. An entry whose `remove` was called
  /// meanwhile may be among them.
  std::function<void(const SpoolId&, SpoolDrop)> on_dropped{};
  std::function<void(const SpoolRepair&)> on_repaired{};
  /// Before the commit that holds removals: the place to make their effects durable, e.g. to sync an output
  /// file. False: they are not; the removals are kept back and tried again within seconds.
  std::function<bool()> before_removals{};

  /// For tests: both clocks at one moment. Any thread.
  std::function<SpoolTime()> time{};
};

struct SpoolStats {
  std::uint64_t entries = 0;  ///< on disk
  std::uint64_t bytes = 0;    ///< of them, counted as `max_bytes` does
  std::uint64_t unwritten_entries = 0;
  std::uint64_t unwritten_bytes = 0;
  /// Of the entry that has been on disk for longest.
  std::chrono::milliseconds oldest_age{};
  // Since the spool was opened
  std::uint64_t commits = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t appended = 0;
  std::uint64_t removed = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
  std::uint64_t repairs = 0;
  /// Why the last commit failed; empty where it did not.
  std::string problem;
};

/// Entries as they were read, or why they could not be.
struct SpoolPage {
  std::vector<SpoolEntry> entries;
  std::optional<std::string> problem;
};

/// One process's hold on one spool file. All functions may be called from any thread; one thread of the
/// spool's own writes. A full disk or a failing one is told to each `append` that it hits, and the next one
/// is tried anew; damage found on the way is repaired as at opening.
class Spool {
 public:
  /// Called once on the writer's thread after the commit that holds the entry, or with what kept it from
  /// being stored. Must not throw.
  using Durable = std::function<void(std::optional<std::string> problem)>;

  /// Opens the file or makes it, reads all of it once to verify it (some 450 MB a second), repairs it
  /// where it is damaged, and takes a new epoch. Throws SpoolError where another process has it open, it
  /// belongs to another pipeline, is of a later format, is no spool, or cannot be written.
  explicit Spool(SpoolOptions options);
  /// As close().
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Higher than that of every earlier opening, even where the file was deleted in between, unless the
  /// machine's clock was also set back.
  std::uint64_t epoch() const;
  /// The next id of this epoch.
  SpoolId take_id();

  /// Stores an entry under an id from take_id(); `attempts` and `stored` are the spool's to set. Waits only
  /// with `Full::block`, and then not on the writer's thread, where it fails instead. Appends of all threads
  /// share commits: whatever comes while the disk is busy is in the next one.
  /// With `replaced`, that entry is gone when this one is there, whatever dies between.
  void append(SpoolEntry entry, Durable durable, std::optional<SpoolId> replaced = {});
  /// After its effect is durable, or together with it by `before_removals`. Part of the next commit, which is
  /// made for removals alone after 20 ms; an append that is not written yet is then not written at all.
  /// Unknown ids are ignored.
  void remove(const SpoolId& id);
  /// One attempt more, in the next commit.
  void attempted(const SpoolId& id);

  /// Entries on disk with ids after this one, in order: at least one if there is one, then as many as make
  /// up `max_bytes`. What earlier processes left begins after `{}` and ends where the epoch is this one's.
  SpoolPage read(const SpoolId& after, std::size_t max_bytes = std::size_t{4} << 20U);

  SpoolStats stats() const;

  /// Ends appends that wait for room, writes what was appended and removed, ends the writer's thread and
  /// lets go of the file. Appends after it fail on the caller's thread. Must not be called on the writer's
  /// thread; a second call does nothing.
  void close();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace slm::link
