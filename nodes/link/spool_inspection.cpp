#include "nodes/link/spool_inspection.h"

#include <algorithm>
#include <functional>
#include <system_error>

#include "nodes/link/spool_check.h"
#include "nodes/link/spool_clock.h"
#include "nodes/link/spool_salvage.h"

namespace slm::link {
namespace {

using std::filesystem::path;

/// What a part of this file throws, as a SpoolError.
template <class Work>
auto with_advice(const path& file, const Work& work) {
  try {
    return work();
  } catch (const SqliteError& error) {
    if (!error.is_damage()) throw spool_error(file, error.what());
    throw spool_error(file, std::string{"it is damaged: "} + error.what() +
                                "; the process that uses it repairs it when it starts, or do it now: "
                                "slm-graph spool " +
                                file.string() + " --repair");
  } catch (const std::system_error& error) {
    throw spool_error(file, error.what());
  }
}

void expect_file(const path& file) {
  if (!std::filesystem::is_regular_file(file)) throw spool_error(file, "there is no such file");
}

void refuse_later_format(const path& file, const SpoolIdentity& identity) {
  if (identity.format > kSpoolFormat)
    throw spool_error(file, "it is of format " + std::to_string(identity.format) +
                                ", and this slm-graph knows up to " + std::to_string(kSpoolFormat));
}

Database open_to_read(const path& file) {
  expect_file(file);
  if (!was_spool(file)) throw spool_error(file, "this file is no spool");
  auto database =
      FileLock::is_taken(lock_of(file)) ? Database{file, Database::Access::read_only} : open_unused(file);
  refuse_later_format(file, read_identity(database));
  return database;
}

std::chrono::milliseconds age(const SpoolClock& clock, std::int64_t stored_ms) {
  return std::chrono::milliseconds{std::max<std::int64_t>(0, clock.at(machine_time()) - stored_ms)};
}

std::uint64_t size_of(const path& file) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(file, missing);
  return missing ? 0 : size;
}

/// Removes entries in a transaction of a spool that nobody uses.
std::uint64_t drop(const path& file, const std::function<std::uint64_t(Database&)>& remove) {
  expect_file(file);
  const auto lock = lock_spool(file);
  return with_advice(file, [&] {
    refuse_later_format(file, read_identity(open_unused(file)));
    Database database{file, Database::Access::read_write};
    database.execute("BEGIN IMMEDIATE");
    const auto count = remove(database);
    auto state = read_state(database);
    state.entries = static_cast<std::uint64_t>(database.number("SELECT count(*) FROM entries"));
    state.bytes = static_cast<std::uint64_t>(database.number("SELECT total(bytes) FROM entries"));
    StateWriter{database}.write(state);
    database.execute("COMMIT");
    return count;
  });
}

}  // namespace

SpoolSummary summarize_spool(const path& file) {
  return with_advice(file, [&] {
    const auto database = open_to_read(file);
    const auto identity = read_identity(database);
    const auto state = read_state(database);
    const SpoolClock clock{state.clock_ms, state.wall_ms, machine_time()};
    SpoolSummary summary{.pipeline = identity.pipeline,
                         .pipeline_hash = identity.pipeline_hash,
                         .format = static_cast<std::uint64_t>(identity.format),
                         .epoch = state.epoch,
                         .entries = state.entries,
                         .bytes = state.bytes,
                         .file_bytes = size_of(file) + size_of(file.string() + "-wal")};
    if (FileLock::is_taken(lock_of(file))) summary.process = FileLock::holder(lock_of(file));
    auto select = database.prepare(
        "SELECT destination,count(*),sum(bytes),max(attempts),min(stored_ms) FROM entries GROUP BY "
        "destination ORDER BY destination");
    while (select.step())
      summary.destinations.push_back(
          {std::string{select.bytes(0)}, static_cast<std::uint64_t>(select.number(1)),
           static_cast<std::uint64_t>(select.number(2)), static_cast<std::uint64_t>(select.number(3)),
           age(clock, select.number(4))});
    return summary;
  });
}

std::vector<SpoolEntry> first_entries(const path& file, std::size_t count) {
  return with_advice(file, [&] {
    const auto database = open_to_read(file);
    EntryReader entries{database};
    entries.seek(0);
    std::vector<SpoolEntry> first;
    while (const auto* entry = first.size() < count ? entries.next() : nullptr)
      first.push_back(entry->copy());
    return first;
  });
}

std::optional<SpoolRepair> repair_spool(const path& file) {
  expect_file(file);
  const auto lock = lock_spool(file);
  return with_advice(file, [&]() -> std::optional<SpoolRepair> {
    finish_salvage(file);
    std::string damage;
    try {
      refuse_later_format(file, read_identity(open_unused(file)));
      check_spool(file);
      return std::nullopt;
    } catch (const SqliteError& error) {
      if (!error.is_damage()) throw;
      damage = error.what();
    }
    try {
      return salvage(file, damage, std::nullopt, std::chrono::system_clock::now());
    } catch (const SqliteError& error) {
      if (!error.is_damage()) throw;
      throw spool_error(file, "it is damaged: " + damage +
                                  "; whose it is cannot be read either, but the process that uses it "
                                  "repairs it when it starts");
    }
  });
}

std::uint64_t drop_entries(const path& file, std::span<const SpoolId> ids) {
  return drop(file, [&](Database& database) {
    auto remove = database.prepare("DELETE FROM entries WHERE epoch=? AND sequence=?");
    std::int64_t count = 0;
    for (const auto& id : ids) {
      remove.bind(1, static_cast<std::int64_t>(id.epoch))
          .bind(2, static_cast<std::int64_t>(id.sequence))
          .run();
      count += database.changes();
    }
    return static_cast<std::uint64_t>(count);
  });
}

std::uint64_t drop_all_entries(const path& file) {
  return drop(file, [](Database& database) {
    const auto count = database.number("SELECT count(*) FROM entries");
    database.execute("DELETE FROM entries");
    return static_cast<std::uint64_t>(count);
  });
}

}  // namespace slm::link
