#include "nodes/link/spool_salvage.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <functional>
#include <limits>

#include "nodes/link/spool_check.h"

namespace slm::link {
namespace {

using std::filesystem::path;

path beside(const path& file, const std::string& suffix) {
  return file.parent_path() / (file.filename().string() + suffix);
}
path salvaging(const path& file) {
  return beside(file, ".salvaging");
}
path creating(const path& file) {
  return beside(file, ".creating");
}
path header_mended(const path& file) {
  return beside(file, ".mended");
}

void remove_spool(const path& file) {
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(beside(file, suffix));
}

void sync(const path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int number = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!is_synced)
    throw SqliteError{SQLITE_IOERR_FSYNC, "cannot sync " + file.string() + ": " +
                                              std::error_code{number, std::generic_category()}.message()};
}

path folder_of(const path& file) {
  return file.has_parent_path() ? file.parent_path() : path{"."};
}

/// So that the name, and all renamed before it, survive loss of power.
void rename_durably(const path& from, const path& to) {
  std::filesystem::rename(from, to);
  sync(folder_of(to));
}

/// A file that nobody else knows yet: fast to fill, worth nothing until it is synced.
Database open_new(const path& file) {
  remove_spool(file);
  // What is in it is for its owner alone; the log takes over the file's permissions.
  ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  Database database{file, Database::Access::create};
  database.execute("PRAGMA page_size=" + std::to_string(kSpoolPageBytes) +
                   "; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
  return database;
}

/// Says in the header that later openers shall use a write-ahead log, as it must before the file has its
/// name.
void complete_new(Database&& database, const path& file) {
  database.execute("COMMIT; PRAGMA journal_mode=WAL; PRAGMA wal_checkpoint(TRUNCATE)");
  { const Database closed = std::move(database); }
  sync(file);
}

/// Every spool begins with the same page but for its size and free pages: a new spool's first page makes the
/// others of a damaged file readable.
void mend_header(const path& file, const path& mended, const path& sound) {
  remove_spool(mended);
  std::filesystem::copy_file(file, mended);
  if (std::filesystem::exists(beside(file, "-wal")))
    std::filesystem::copy_file(beside(file, "-wal"), beside(mended, "-wal"));
  std::array<char, kSpoolPageBytes> page{};
  std::ifstream{sound, std::ios::binary}.read(page.data(), page.size());
  const auto pages = std::filesystem::file_size(mended) / kSpoolPageBytes;
  constexpr std::size_t pages_at = 28;
  constexpr std::size_t free_list_at = 32;
  for (std::size_t i = 0; i < 4; ++i) page.at(pages_at + i) = static_cast<char>(pages >> (24 - 8 * i));
  std::fill_n(page.begin() + free_list_at, 8, '\0');
  std::fstream stream{mended, std::ios::binary | std::ios::in | std::ios::out};
  stream.write(page.data(), page.size());
  if (!stream.flush()) throw SqliteError{SQLITE_FULL, "the disk is full"};
}

/// Whether the entries from here on can be found; what they say may be damaged all the same.
bool can_read(EntryReader& entries, std::int64_t position) {
  try {
    entries.seek(position);
    entries.next();
    return true;
  } catch (const SqliteError& error) {
    if (!error.is_damage()) throw;
    return false;
  }
}

/// The first position beyond one that cannot be read: in steps that double, then by halves.
std::optional<std::int64_t> readable_after(EntryReader& entries, std::int64_t unreadable) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t step = 1; unreadable < most - step; step *= 2) {
    std::int64_t readable = unreadable + step;
    if (can_read(entries, readable)) {
      while (readable - unreadable > 1) {
        const auto middle = unreadable + (readable - unreadable) / 2;
        (can_read(entries, middle) ? readable : unreadable) = middle;
      }
      return readable;
    }
    unreadable = readable;
    if (step > most / 2) break;
  }
  return std::nullopt;
}

void for_each_readable(const Database& damaged, const std::function<void(const StoredEntry&)>& visit) {
  EntryReader entries{damaged};
  std::optional<std::int64_t> position = 0;
  while (position) {
    try {
      entries.seek(*position);
      while (const auto* entry = entries.next()) {
        position = entry->position + 1;
        if (entry->is_sound) visit(*entry);
      }
      return;
    } catch (const SqliteError& error) {
      if (!error.is_damage()) throw;
    }
    position = readable_after(entries, *position);
  }
}

/// What `read` gives, or nothing where that is damaged.
template <class Read>
auto if_readable(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const SqliteError& error) {
    if (!error.is_damage()) throw;
    return std::nullopt;
  }
}

bool has_readable_entries(const path& file) {
  return has_sound_header(file) && if_readable([&] {
                                     const auto database = open_unused(file);
                                     EntryReader{database}.seek(0);
                                     return true;
                                   }).has_value();
}

std::string utc(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

path free_name(const path& file, std::chrono::system_clock::time_point now) {
  const auto name = kSetAside + utc(now);
  auto free = beside(file, name);
  for (int i = 2; std::filesystem::exists(free); ++i) free = beside(file, name + "-" + std::to_string(i));
  return free;
}

void rename_if_there(const path& from, const path& to) {
  if (std::filesystem::exists(from)) std::filesystem::rename(from, to);
}

/// The main file goes first: its absence tells `finish_salvage` that the new one is complete.
void exchange(const path& file, const path& aside) {
  rename_if_there(file, aside);
  const auto log = beside(file, "-wal");
  // A reader makes an empty one where there is none.
  if (std::filesystem::exists(log) && std::filesystem::file_size(log) == 0) std::filesystem::remove(log);
  rename_if_there(log, beside(aside, "-wal"));
  std::filesystem::remove(beside(file, "-shm"));
  rename_durably(salvaging(file), file);
}

std::int64_t in_ms(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

/// Fills the new file from what can be read of the damaged one.
SpoolRepair fill(Database& fresh, const Database& damaged, const std::optional<SpoolIdentity>& identity,
                 std::chrono::system_clock::time_point now) {
  const auto owner = identity ? identity : if_readable([&] { return read_identity(damaged); });
  if (!owner) throw SqliteError{SQLITE_CORRUPT, "whose it is cannot be read"};
  const auto before = if_readable([&] { return read_state(damaged); });
  SpoolState state = before.value_or(SpoolState{.clock_ms = in_ms(now), .wall_ms = in_ms(now)});
  state.entries = 0;
  state.bytes = 0;
  write_identity(fresh, *owner);
  EntryWriter writer{fresh};
  for_each_readable(damaged, [&](const StoredEntry& entry) {
    writer.insert(entry);
    ++state.entries;
    state.bytes += entry.bytes();
    state.epoch = std::max(state.epoch, entry.id.epoch);
    if (!before) state.clock_ms = std::max(state.clock_ms, entry.stored_ms);
  });
  StateWriter{fresh}.write(state);
  SpoolRepair repair{.saved = state.entries};
  if (before) repair.lost = before->entries - std::min(before->entries, state.entries);
  return repair;
}

}  // namespace

void create_spool(const path& file, const SpoolIdentity& identity, const SpoolState& state) {
  auto database = open_new(creating(file));
  create_tables(database, identity, state);
  complete_new(std::move(database), creating(file));
  rename_durably(creating(file), file);
}

SpoolRepair salvage(const path& file, const std::string& damage, const std::optional<SpoolIdentity>& identity,
                    std::chrono::system_clock::time_point now) {
  const auto fresh_file = salvaging(file);
  try {
    auto source = file;
    create_spool(fresh_file, {}, {});
    if (!has_readable_entries(file)) {
      source = header_mended(file);
      mend_header(file, source, fresh_file);
    }
    Database fresh{fresh_file, Database::Access::read_write};
    fresh.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
    SpoolRepair repair;
    {
      const auto damaged = open_unused(source);
      repair = fill(fresh, damaged, identity, now);
    }
    complete_new(std::move(fresh), fresh_file);
    remove_spool(header_mended(file));
    repair.damage = damage;
    repair.set_aside = free_name(file, now);
    exchange(file, repair.set_aside);
    return repair;
  } catch (...) {
    if (std::filesystem::exists(file)) finish_salvage(file);
    throw;
  }
}

SpoolRepair set_aside(const path& file, const std::string& damage, const SpoolIdentity& identity,
                      std::chrono::system_clock::time_point now) {
  create_spool(salvaging(file), identity, {.clock_ms = in_ms(now), .wall_ms = in_ms(now)});
  SpoolRepair repair{.damage = damage, .set_aside = free_name(file, now)};
  exchange(file, repair.set_aside);
  return repair;
}

void finish_salvage(const path& file) {
  remove_spool(creating(file));
  remove_spool(creating(salvaging(file)));
  remove_spool(header_mended(file));
  if (std::filesystem::exists(file))
    remove_spool(salvaging(file));
  else if (std::filesystem::exists(salvaging(file)))
    exchange(file, free_name(file, std::chrono::system_clock::now()));
}

}  // namespace slm::link
