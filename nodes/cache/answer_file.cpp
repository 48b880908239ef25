#include "nodes/cache/answer_file.h"

#include <pthread.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>

#include "models/replay/asked.h"

namespace slm::cache {
namespace {

using link::Database;
using link::SqliteError;

constexpr std::int64_t kApplicationId = 0x534C4D43;  // SLMC
constexpr std::int64_t kFormat = 1;

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::int64_t checksum_of(std::string_view line) {
  return static_cast<std::int64_t>(replay::hash_of(line));
}

/// Columns 4 to 7 of a row; empty where it has none, or a damaged one.
std::optional<Spot> spot_in(link::Statement& row) {
  const std::string_view bytes = row.bytes(7);
  if (bytes.empty() || bytes.size() % sizeof(float) != 0 || checksum_of(bytes) != row.number(6))
    return std::nullopt;
  Embedding embedding(bytes.size() / sizeof(float));
  std::memcpy(embedding.data(), bytes.data(), bytes.size());
  return Spot{static_cast<std::uint64_t>(row.number(4)), static_cast<std::uint64_t>(row.number(5)),
              std::make_shared<const Embedding>(std::move(embedding))};
}

std::string_view bytes_of(const Embedding& embedding) {
  return {reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float)};
}

std::runtime_error refusal(const std::filesystem::path& file, const std::string& what) {
  return std::runtime_error{"cache `" + file.string() + "`: " + what};
}

/// By the place where SQLite keeps the number of the program that a file belongs to:
/// https://www.sqlite.org/fileformat2.html#the_database_header
bool is_ours(const std::filesystem::path& file) {
  constexpr std::size_t kApplicationAt = 68;
  std::array<char, kApplicationAt + 4> header{};
  std::ifstream stream{file, std::ios::binary};
  stream.read(header.data(), header.size());
  if (stream.gcount() == 0) return true;
  std::int64_t id = 0;
  for (const char byte : std::span{header}.subspan(kApplicationAt))
    id = id << 8U | static_cast<unsigned char>(byte);
  return id == kApplicationId;
}

std::filesystem::path beside(const std::filesystem::path& file, const char* ending) {
  return file.string() + ending;
}

}  // namespace

std::shared_ptr<AnswerFile> AnswerFile::open(const std::filesystem::path& file, Log log) {
  const std::filesystem::path lock_file = beside(file, ".lock");
  // Where there is a lock, the file is ours whatever damage says.
  if (std::filesystem::exists(file) && !std::filesystem::exists(lock_file) && !is_ours(file))
    throw refusal(file, "this file is no cache, and is left as it is; name another one");
  std::optional<link::FileLock> lock;
  try {
    lock = link::FileLock::take(lock_file);
  } catch (const std::system_error& error) {
    throw refusal(file, error.what());
  }
  const auto without = [&](const std::string& why) {
    log("cache " + file.string() + ": " + why + "; answers are kept in memory alone");
    return nullptr;
  };
  if (!lock) return without("process " + link::FileLock::holder(lock_file) + " has it open");
  try {
    return std::shared_ptr<AnswerFile>(new AnswerFile(file, std::move(*lock), log));
  } catch (const SqliteError& error) {
    return without(error.what());
  }
}

AnswerFile::AnswerFile(std::filesystem::path file, link::FileLock lock, Log log)
    : file_{std::move(file)}, lock_{std::move(lock)}, log_{std::move(log)} {
  try {
    open_database();
    read();
  } catch (const SqliteError& error) {
    if (!error.is_damage()) throw;
    set_aside(error.what());
    open_database();
  }
  thread_ = std::thread{[this] { run(); }};
}

AnswerFile::~AnswerFile() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  news_.notify_all();
  thread_.join();
}

void AnswerFile::open_database() {
  database_.emplace(file_, Database::Access::create);
  if (const auto format = database_->number("PRAGMA user_version"); format > kFormat)
    throw refusal(file_, "it is of format " + std::to_string(format) +
                             ", which a later slm-graph knows; name another file");
  database_->execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=16777216");
  auto check = database_->prepare("PRAGMA quick_check(1)");
  const bool is_sound = check.step() && check.bytes(0) == "ok";
  if (!is_sound) throw SqliteError{SQLITE_CORRUPT, "its pages are damaged"};
  check.reset();
  database_->execute(
      "CREATE TABLE IF NOT EXISTS answers(key INTEGER PRIMARY KEY, since_ms INTEGER NOT NULL, "
      "checksum INTEGER NOT NULL, line BLOB NOT NULL); "
      "CREATE TABLE IF NOT EXISTS embeddings(key INTEGER PRIMARY KEY, embedder INTEGER NOT NULL, kind "
      "INTEGER "
      "NOT NULL, checksum INTEGER NOT NULL, vector BLOB NOT NULL); "
      "CREATE TABLE IF NOT EXISTS audits(number INTEGER PRIMARY KEY, setting INTEGER NOT NULL, error INTEGER "
      "NOT NULL); PRAGMA application_id=" +
      std::to_string(kApplicationId) + "; PRAGMA user_version=" + std::to_string(kFormat));
}

void AnswerFile::set_aside(const std::string& damage) {
  database_.reset();
  lines_.clear();
  audits_.clear();
  const auto aside = beside(file_, ".corrupt");
  try {
    std::filesystem::rename(file_, aside);
    for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(beside(file_, ending));
  } catch (const std::filesystem::filesystem_error& error) {
    throw refusal(file_, error.what());
  }
  tell("it was damaged (" + damage + ") and is now " + aside.filename().string() + "; a new one is begun");
}

void AnswerFile::read() {
  std::uint64_t damaged = 0;
  // One of an earlier slm-graph drops answers alone.
  database_->execute("DELETE FROM embeddings WHERE key NOT IN (SELECT key FROM answers)");
  auto row = database_->prepare(
      "SELECT answers.key, since_ms, answers.checksum, line, embedder, kind, embeddings.checksum, vector "
      "FROM answers LEFT JOIN embeddings USING (key) ORDER BY since_ms, key");
  while (row.step()) {
    const std::string_view line = row.bytes(3);
    const auto key = static_cast<std::uint64_t>(row.number(0));
    if (checksum_of(line) != row.number(2)) {
      ++damaged;
      pending_.lines.emplace(key, std::nullopt);
      continue;
    }
    lines_.push_back({key, std::make_shared<const std::string>(line),
                      WallTime{std::chrono::milliseconds{row.number(1)}}, spot_in(row)});
  }
  auto audit = database_->prepare("SELECT setting, error FROM audits ORDER BY number");
  while (audit.step()) audits_.push_back({static_cast<std::uint64_t>(audit.number(0)), audit.number(1) != 0});
  if (damaged > 0) tell(std::to_string(damaged) + " of its answers were damaged and are left out");
}

std::vector<bool> AnswerFile::audits(std::uint64_t setting) const {
  std::vector<bool> errors;
  for (const KeptAudit& audit : audits_)
    if (audit.setting == setting) errors.push_back(audit.is_error);
  return errors;
}

void AnswerFile::put(const KeptLine& line) {
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_ || pending_.lines.size() >= kMostPending) return;
    pending_.lines.insert_or_assign(line.key, line);
  }
  news_.notify_all();
}

void AnswerFile::put(const KeptAudit& audit) {
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_ || pending_.audits.size() >= kMostPending) return;
    pending_.audits.push_back(audit);
  }
  news_.notify_all();
}

void AnswerFile::remove(std::uint64_t key) {
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_) return;
    pending_.lines.insert_or_assign(key, std::nullopt);
  }
  news_.notify_all();
}

void AnswerFile::flush() {
  std::unique_lock lock{mutex_};
  news_.wait(lock, [this] { return is_stopped_ || (pending_.empty() && !is_writing_); });
}

void AnswerFile::run() {
  pthread_setname_np(pthread_self(), "slm-cache-file");
  std::unique_lock lock{mutex_};
  while (!is_stopped_) {
    news_.wait(lock, [this] { return is_ending_ || !pending_.empty(); });
    if (pending_.empty()) return;
    const Pending pending = std::exchange(pending_, {});
    is_writing_ = true;
    lock.unlock();
    std::string problem;
    try {
      write(pending);
    } catch (const SqliteError& error) {
      problem = error.what();
      tell(problem + "; nothing more is written, and answers are kept in memory alone");
    }
    lock.lock();
    is_writing_ = false;
    is_stopped_ = !problem.empty();
    if (is_stopped_) pending_ = {};
    news_.notify_all();
  }
}

void AnswerFile::write(const Pending& pending) {
  auto put = database_->prepare("REPLACE INTO answers VALUES(?,?,?,?)");
  auto remove = database_->prepare("DELETE FROM answers WHERE key=?");
  auto put_spot = database_->prepare("REPLACE INTO embeddings VALUES(?,?,?,?,?)");
  auto remove_spot = database_->prepare("DELETE FROM embeddings WHERE key=?");
  auto put_audit = database_->prepare("INSERT INTO audits(setting, error) VALUES(?,?)");
  database_->execute("BEGIN IMMEDIATE");
  for (const auto& [key, line] : pending.lines) {
    const auto number = static_cast<std::int64_t>(key);
    if (line)
      put.bind(1, number)
          .bind(2, milliseconds_of(line->since))
          .bind(3, checksum_of(*line->line))
          .bind_blob(4, *line->line)
          .run();
    else
      remove.bind(1, number).run();
    if (line && line->spot)
      put_spot.bind(1, number)
          .bind(2, static_cast<std::int64_t>(line->spot->embedder))
          .bind(3, static_cast<std::int64_t>(line->spot->group))
          .bind(4, checksum_of(bytes_of(*line->spot->embedding)))
          .bind_blob(5, bytes_of(*line->spot->embedding))
          .run();
    else
      remove_spot.bind(1, number).run();
  }
  for (const KeptAudit& audit : pending.audits)
    put_audit.bind(1, static_cast<std::int64_t>(audit.setting)).bind(2, audit.is_error ? 1 : 0).run();
  database_->execute("COMMIT");
}

void AnswerFile::tell(const std::string& what) const {
  log_("cache " + file_.string() + ": " + what);
}

}  // namespace slm::cache
