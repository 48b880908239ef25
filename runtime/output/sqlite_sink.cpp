#include "runtime/output/sqlite_sink.h"

#include <fcntl.h>

#include <utility>

#include "runtime/output/outcome_json.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

// An id is a number where it is a whole one that fits, and else text. `->` gives JSON, `->>` a value.
constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS outcomes("
    "number INTEGER PRIMARY KEY, id, outcome TEXT NOT NULL, answer TEXT, label TEXT, confidence REAL, "
    "tier TEXT, path TEXT NOT NULL, latency_ms REAL NOT NULL, prompt_tokens INTEGER NOT NULL, "
    "generated_tokens INTEGER NOT NULL, cost REAL NOT NULL, energy_j REAL, recorded_ms REAL, "
    "cached INTEGER, degraded INTEGER, reason TEXT)";
constexpr const char* kInsert =
    "INSERT INTO outcomes SELECT ?1, CASE "
    "WHEN json_type(?2, '$.id') = 'text' THEN ?2->>'id' "
    "WHEN CAST(CAST(?2->'id' AS INTEGER) AS TEXT) = ?2->'id' THEN CAST(?2->'id' AS INTEGER) "
    "ELSE ?2->'id' END, "
    "?2->>'outcome', ?2->>'answer', ?2->>'label', ?2->>'confidence', ?2->>'tier', ?2->'path', "
    "?2->>'latency_ms', ?2->>'$.tokens.prompt', ?2->>'$.tokens.generated', ?2->>'cost', ?2->>'energy_j', "
    "?2->>'recorded_ms', ?2->>'cached', ?2->>'degraded', ?2->>'reason'";

link::Database opened(const std::filesystem::path& file) {
  if (file == "-") throw OutputError("a database needs a file; name it with --output");
  try {
    link::Database database{file, link::Database::Access::create};
    database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    database.execute(kTable);
    return database;
  } catch (const link::SqliteError& error) {
    throw OutputError("cannot write " + file.string() + " as a database: " + error.what());
  }
}

link::Statement prepared(const std::filesystem::path& file, const link::Database& database) {
  try {
    return database.prepare(kInsert);
  } catch (const link::SqliteError& error) {
    throw OutputError("cannot write " + file.string() + ": its table `outcomes` is of another shape (" +
                      error.what() + "); name another file");
  }
}

Descriptor opened_to_sync(const std::filesystem::path& file) {
  return Descriptor::owned(::open(file.c_str(), O_RDWR | O_CLOEXEC));
}

}  // namespace

SqliteSink::SqliteSink(const std::filesystem::path& file)
    : file_{file},
      database_{opened(file)},
      insert_{prepared(file, database_)},
      synced_{opened_to_sync(file)},
      synced_log_{opened_to_sync(file.string() + "-wal")} {}

OutputMark SqliteSink::stage(std::span<const ResultPtr> results) {
  staged_ = results;
  return {end_ + results.size()};
}

std::size_t SqliteSink::write() {
  if (!error_.empty()) return 0;
  try {
    database_.execute("BEGIN IMMEDIATE");
    auto row = static_cast<std::int64_t>(end_);
    for (const ResultPtr& result : staged_) {
      const std::string line = outcome_json(result->item.id_json, result->outcome);
      insert_.bind(1, ++row).bind_text(2, line).run();
    }
    database_.execute("COMMIT");
    end_ += staged_.size();
    return staged_.size();
  } catch (const link::SqliteError& error) {
    error_ = error.what();
    if (!database_.is_idle()) database_.execute("ROLLBACK");
    return 0;
  }
}

bool SqliteSink::sync() {
  return ::fdatasync(synced_log_.get()) == 0 && ::fdatasync(synced_.get()) == 0;
}

bool SqliteSink::holds(std::uint64_t begin, const OutputMark& mark) {
  return mark.end >= begin && rows(begin, mark.end) == mark.end - begin;
}

void SqliteSink::cut(std::uint64_t end) {
  try {
    if (const auto found = rows(0, end); found != end)
      throw OutputError("the output " + file_.string() + " has been shortened: of its first " +
                        std::to_string(end) + " rows, " + std::to_string(found) + " are there now");
    database_.prepare("DELETE FROM outcomes WHERE number > ?").bind(1, static_cast<std::int64_t>(end)).run();
    end_ = end;
  } catch (const link::SqliteError& error) {
    throw OutputError("cannot write " + file_.string() + ": " + error.what());
  }
}

std::uint64_t SqliteSink::rows(std::uint64_t after, std::uint64_t to) const {
  auto statement = database_.prepare("SELECT count(*) FROM outcomes WHERE number > ? AND number <= ?");
  statement.bind(1, static_cast<std::int64_t>(after)).bind(2, static_cast<std::int64_t>(to)).step();
  return static_cast<std::uint64_t>(statement.number(0));
}

}  // namespace slm::runtime
