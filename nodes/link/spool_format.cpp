#include "nodes/link/spool_format.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "models/ngram/xxhash64.h"

namespace slm::link {
namespace {

constexpr const char* kTables =
    "CREATE TABLE identity (format INTEGER NOT NULL, pipeline TEXT NOT NULL, pipeline_hash INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL);"
    "CREATE TABLE state (epoch INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " clock_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, checksum INTEGER NOT NULL);"
    "CREATE TABLE entries (position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, stored_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL, destination TEXT NOT NULL, header BLOB NOT NULL, payload BLOB NOT NULL);";

std::int64_t as_signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
std::uint64_t as_unsigned(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

std::uint64_t hash_of(std::string_view text) {
  return ngram::xxhash64(std::as_bytes(std::span{text}));
}

template <std::size_t count>
std::uint64_t hash_of(const std::array<std::uint64_t, count>& numbers) {
  return ngram::xxhash64(std::as_bytes(std::span{numbers}));
}

std::uint64_t checksum_of(const SpoolIdentity& identity) {
  return hash_of(
      std::array{as_unsigned(identity.format), hash_of(identity.pipeline), identity.pipeline_hash});
}

std::uint64_t checksum_of(const SpoolState& state) {
  return hash_of(std::array{state.epoch, state.entries, state.bytes, as_unsigned(state.clock_ms),
                            as_unsigned(state.wall_ms)});
}

[[noreturn]] void fail_damaged(const std::string& what) {
  throw SqliteError{SQLITE_CORRUPT, what};
}

}  // namespace

void create_tables(Database& database, const SpoolIdentity& identity, const SpoolState& state) {
  database.execute("PRAGMA application_id=" + std::to_string(kSpoolApplicationId) +
                   "; PRAGMA user_version=" + std::to_string(kSpoolFormat) + ";" + kTables +
                   "INSERT INTO identity VALUES(0,'',0,0); INSERT INTO state VALUES(0,0,0,0,0,0)");
  write_identity(database, identity);
  StateWriter{database}.write(state);
}

void check_tables(const Database& database) {
  auto select = database.prepare("SELECT sql FROM sqlite_schema ORDER BY rowid");
  std::string tables;
  while (select.step()) tables.append(select.bytes(0)).append(";");
  if (tables != kTables) fail_damaged("its tables are not those of a spool");
}

SpoolIdentity read_identity(const Database& database) {
  auto select = database.prepare("SELECT format,pipeline,pipeline_hash,checksum FROM identity");
  if (!select.step()) fail_damaged("whose it is cannot be read");
  SpoolIdentity identity{select.number(0), std::string{select.bytes(1)}, as_unsigned(select.number(2))};
  if (as_unsigned(select.number(3)) != checksum_of(identity)) fail_damaged("whose it is cannot be read");
  return identity;
}

void write_identity(Database& database, const SpoolIdentity& identity) {
  database.prepare("UPDATE identity SET format=?,pipeline=?,pipeline_hash=?,checksum=?")
      .bind(1, identity.format)
      .bind_text(2, identity.pipeline)
      .bind(3, as_signed(identity.pipeline_hash))
      .bind(4, as_signed(checksum_of(identity)))
      .run();
}

SpoolState read_state(const Database& database) {
  auto select = database.prepare("SELECT epoch,entries,bytes,clock_ms,wall_ms,checksum FROM state");
  if (!select.step()) fail_damaged("its state cannot be read");
  const SpoolState state{as_unsigned(select.number(0)), as_unsigned(select.number(1)),
                         as_unsigned(select.number(2)), select.number(3), select.number(4)};
  if (as_unsigned(select.number(5)) != checksum_of(state)) fail_damaged("its state cannot be read");
  return state;
}

StateWriter::StateWriter(const Database& database)
    : update_{
          database.prepare("UPDATE state SET epoch=?,entries=?,bytes=?,clock_ms=?,wall_ms=?,checksum=?")} {}

void StateWriter::write(const SpoolState& state) {
  update_.bind(1, as_signed(state.epoch))
      .bind(2, as_signed(state.entries))
      .bind(3, as_signed(state.bytes))
      .bind(4, state.clock_ms)
      .bind(5, state.wall_ms)
      .bind(6, as_signed(checksum_of(state)))
      .run();
}

std::uint64_t counted_bytes(const SpoolEntry& entry) {
  return kEntryOverheadBytes + entry.destination.size() + entry.header.size() + entry.payload.size();
}

std::uint64_t StoredEntry::computed_checksum() const {
  return hash_of(std::array{as_unsigned(position), id.epoch, id.sequence, as_unsigned(stored_ms),
                            hash_of(destination), hash_of(header), hash_of(payload)});
}

SpoolEntry StoredEntry::copy() const {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  return {.id = id,
          .attempts = static_cast<int>(std::clamp<std::int64_t>(attempts, 0, most)),
          .stored = std::chrono::system_clock::time_point{std::chrono::milliseconds{stored_ms}},
          .destination = std::string{destination},
          .header = std::string{header},
          .payload = std::string{payload}};
}

EntryReader::EntryReader(const Database& database)
    : select_{database.prepare("SELECT position,epoch,sequence,attempts,stored_ms,bytes,checksum,destination,"
                               "header,payload FROM entries WHERE position>=? ORDER BY position")} {}

void EntryReader::seek(std::int64_t position) {
  select_.reset();
  select_.bind(1, position);
  least_position_ = position;
}

const StoredEntry* EntryReader::next() {
  if (!select_.step()) return nullptr;
  entry_ = {.position = select_.number(0),
            .id = {as_unsigned(select_.number(1)), as_unsigned(select_.number(2))},
            .attempts = select_.number(3),
            .stored_ms = select_.number(4),
            .destination = select_.bytes(7),
            .header = select_.bytes(8),
            .payload = select_.bytes(9)};
  entry_.is_sound = as_unsigned(select_.number(5)) == entry_.bytes() &&
                    as_unsigned(select_.number(6)) == entry_.computed_checksum();
  // A damaged tree may lead back to where it came from.
  if (entry_.position < least_position_) fail_damaged("its entries are out of order");
  least_position_ = entry_.position + (entry_.position < std::numeric_limits<std::int64_t>::max() ? 1 : 0);
  return &entry_;
}

EntryWriter::EntryWriter(const Database& database)
    : insert_{database.prepare("INSERT INTO entries VALUES(?,?,?,?,?,?,?,?,?,?)")} {}

void EntryWriter::insert(const StoredEntry& entry) {
  insert_.bind(1, entry.position)
      .bind(2, as_signed(entry.id.epoch))
      .bind(3, as_signed(entry.id.sequence))
      .bind(4, entry.attempts)
      .bind(5, entry.stored_ms)
      .bind(6, as_signed(entry.bytes()))
      .bind(7, as_signed(entry.computed_checksum()))
      .bind_text(8, entry.destination)
      .bind_blob(9, entry.header)
      .bind_blob(10, entry.payload)
      .run();
}

}  // namespace slm::link
