#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nodes/link/spool.h"
#include "nodes/link/sqlite.h"

/// The tables of a spool file, as `docs/spool-format.md` has them. All functions throw SqliteError.
namespace slm::link {

inline constexpr std::int64_t kSpoolFormat = 1;
inline constexpr std::int64_t kSpoolApplicationId = 0x534c4d51;  // "SLMQ"
inline constexpr std::int64_t kSpoolPageBytes = 4096;
/// What an entry counts beyond its own bytes towards `max_bytes`.
inline constexpr std::uint64_t kEntryOverheadBytes = 64;

/// Whose the spool is. Later formats keep this table, so that they can be told from damage.
struct SpoolIdentity {
  std::int64_t format = kSpoolFormat;
  std::string pipeline;
  std::uint64_t pipeline_hash = 0;
};

/// What changes with each commit.
struct SpoolState {
  std::uint64_t epoch = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::int64_t clock_ms = 0;  ///< the spool's own
  std::int64_t wall_ms = 0;   ///< the machine's at the same moment
};

/// Makes the tables in an empty file.
void create_tables(Database& database, const SpoolIdentity& identity, const SpoolState& state);
/// Throws where the tables are not as `create_tables` makes them.
void check_tables(const Database& database);

/// Throws where it is not as it was written.
SpoolIdentity read_identity(const Database& database);
void write_identity(Database& database, const SpoolIdentity& identity);
SpoolState read_state(const Database& database);

std::uint64_t counted_bytes(const SpoolEntry& entry);

/// An entry where it lies. The texts live until the next one is read.
struct StoredEntry {
  std::int64_t position = 0;  ///< grows in the order of ids
  SpoolId id;
  std::int64_t attempts = 0;
  std::int64_t stored_ms = 0;
  std::string_view destination;
  std::string_view header;
  std::string_view payload;
  bool is_sound = false;  ///< it is as it was written; for one that was read

  std::uint64_t bytes() const {
    return kEntryOverheadBytes + destination.size() + header.size() + payload.size();
  }
  /// Of all but the attempts, which change.
  std::uint64_t computed_checksum() const;
  SpoolEntry copy() const;
};

/// Entries in the order of their positions.
class EntryReader {
 public:
  explicit EntryReader(const Database& database);
  /// Begins at this position or the first one after it.
  void seek(std::int64_t position);
  /// Null at the end. An entry that is not sound is given like any other.
  const StoredEntry* next();
  void stop() { select_.reset(); }

 private:
  Statement select_;
  std::int64_t least_position_ = 0;
  StoredEntry entry_;
};

class StateWriter {
 public:
  explicit StateWriter(const Database& database);
  void write(const SpoolState& state);

 private:
  Statement update_;
};

/// Stores entries under a position.
class EntryWriter {
 public:
  explicit EntryWriter(const Database& database);
  void insert(const StoredEntry& entry);

 private:
  Statement insert_;
};

}  // namespace slm::link
