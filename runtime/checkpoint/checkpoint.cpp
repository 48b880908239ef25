#include "runtime/checkpoint/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <random>
#include <span>

#include "models/ngram/xxhash64.h"

namespace slm::runtime {
namespace {

using link::Database;
using link::SqliteError;
using namespace std::chrono_literals;

constexpr std::int64_t kApplication = 0x736c6d63;  // "slmc", which `file` shows
constexpr std::int64_t kFormat = 1;
constexpr int kCorrupt = 11;  // as SQLite numbers it
constexpr auto kInterval = 2s;
constexpr std::uint64_t kMostNoted = 4096;

constexpr const char* kTables =
    "CREATE TABLE run(id INTEGER NOT NULL);"
    "CREATE TABLE identity(name TEXT NOT NULL, value TEXT NOT NULL);"
    "CREATE TABLE step(number INTEGER PRIMARY KEY, item INTEGER NOT NULL, file INTEGER NOT NULL, "
    "line INTEGER NOT NULL, begin INTEGER NOT NULL, items BLOB NOT NULL, end INTEGER NOT NULL, "
    "hash INTEGER NOT NULL, failed_end INTEGER NOT NULL, summary TEXT NOT NULL, is_settled INTEGER NOT NULL, "
    "checksum INTEGER NOT NULL)";
constexpr const char* kInsert =
    "INSERT INTO step(item, file, line, begin, items, end, hash, failed_end, summary, is_settled, number, "
    "checksum) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr const char* kRead =
    "SELECT item, file, line, begin, items, end, hash, failed_end, summary, is_settled, number, checksum "
    "FROM step ORDER BY number";

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw CheckpointError("cannot use the checkpoint " + file.string() + ": " + why);
}

constexpr const char* kDamaged = "it is damaged, or none; name another one to begin anew";

[[noreturn]] void fail(const std::filesystem::path& file, const SqliteError& error) {
  fail(file, error.is_damage() ? std::string{kDamaged} + " (" + error.what() + ")" : error.what());
}

link::FileLock locked(const std::filesystem::path& file) {
  const std::filesystem::path lock = file.string() + ".lock";
  try {
    if (auto taken = link::FileLock::take(lock)) return std::move(*taken);
  } catch (const std::system_error& error) {
    fail(file, error.what());
  }
  fail(file, "process " + link::FileLock::holder(lock) + " is using it");
}

Database opened(const std::filesystem::path& file) {
  try {
    return {file, Database::Access::create};
  } catch (const SqliteError& error) {
    fail(file, error.what());
  }
}

std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

/// As runs of numbers that follow each other: the first, and how many.
std::string packed(std::vector<std::uint64_t> numbers) {
  std::ranges::sort(numbers);
  std::vector<std::uint64_t> runs;
  for (const auto number : numbers) {
    if (!runs.empty() && runs[runs.size() - 2] + runs.back() == number)
      ++runs.back();
    else
      runs.insert(runs.end(), {number, 1});
  }
  std::string bytes(runs.size() * sizeof(std::uint64_t), '\0');
  if (!runs.empty()) std::memcpy(bytes.data(), runs.data(), bytes.size());
  return bytes;
}

std::vector<std::uint64_t> unpacked(std::string_view bytes) {
  std::vector<std::uint64_t> runs(bytes.size() / sizeof(std::uint64_t));
  if (!runs.empty()) std::memcpy(runs.data(), bytes.data(), runs.size() * sizeof(std::uint64_t));
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i + 1 < runs.size(); i += 2)
    for (std::uint64_t k = 0; k < runs[i + 1]; ++k) numbers.push_back(runs[i] + k);
  return numbers;
}

/// Of all else in a row: SQLite notices damage to the shape of a file, and not to what it holds.
std::uint64_t checksum_of(const Step& step, std::string_view items, std::uint64_t number, bool is_settled) {
  std::string text;
  for (const std::uint64_t value :
       {step.from.number, std::uint64_t{step.from.file}, step.from.line, step.from.begin, step.output.end,
        step.output.hash, step.failed_end, number, std::uint64_t{is_settled}})
    text.append(std::to_string(value)).append(" ");
  text.append(items).append(step.summary);
  return ngram::xxhash64(std::as_bytes(std::span{text}));
}

/// Throws SqliteError where it is damaged.
Step read_step(const link::Statement& row) {
  const auto number = [&row](int column) { return static_cast<std::uint64_t>(row.number(column)); };
  Step step;
  step.from = {number(0), static_cast<std::size_t>(number(1)), number(2), number(3)};
  step.output = {number(5), number(6)};
  step.failed_end = number(7);
  step.summary = row.bytes(8);
  if (checksum_of(step, row.bytes(4), number(10), row.number(9) != 0) != number(11))
    throw SqliteError{kCorrupt, "a checksum is wrong"};
  // Not before, since a damaged count could ask for all memory.
  step.items = unpacked(row.bytes(4));
  return step;
}

}  // namespace

Checkpoint::Checkpoint(const std::filesystem::path& file, const RunIdentity& identity)
    : file_{file}, lock_{locked(file)}, database_{opened(file)} {
  try {
    const bool is_new = database_.number("SELECT count(*) FROM sqlite_master") == 0;
    if (!is_new && database_.number("PRAGMA application_id") != kApplication)
      fail(file_, "it is no checkpoint");
    // Nothing is synced by it: a step counts where the output proves it.
    database_.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    if (is_new) make(identity);
    if (const auto format = database_.number("PRAGMA user_version"); format != kFormat)
      fail(file_, "it is of format " + std::to_string(format) + ", expected " + std::to_string(kFormat));
    auto check = database_.prepare("PRAGMA quick_check(1)");
    if (!check.step() || check.bytes(0) != "ok") fail(file_, kDamaged);
    check.reset();
    compare(identity);
    run_ = static_cast<std::uint64_t>(database_.number("SELECT id FROM run"));
    insert_.emplace(database_.prepare(kInsert));
  } catch (const SqliteError& error) {
    fail(file_, error);
  }
}

void Checkpoint::make(const RunIdentity& identity) {
  std::random_device random;
  const auto run = (std::uint64_t{random()} << 32U | random()) >> 1U;
  database_.execute("BEGIN");
  database_.execute(std::string{kTables} + "; PRAGMA application_id=" + std::to_string(kApplication) +
                    "; PRAGMA user_version=" + std::to_string(kFormat));
  database_.prepare("INSERT INTO run VALUES(?)").bind(1, as_signed(run)).run();
  auto insert = database_.prepare("INSERT INTO identity VALUES(?,?)");
  for (const auto& [name, value] : identity) insert.bind_text(1, name).bind_text(2, value).run();
  database_.execute("COMMIT");
}

void Checkpoint::compare(const RunIdentity& identity) {
  std::map<std::string, std::string> then;
  auto rows = database_.prepare("SELECT name, value FROM identity");
  while (rows.step()) then.emplace(rows.bytes(0), rows.bytes(1));
  const std::map<std::string, std::string> now{identity.begin(), identity.end()};
  std::string changes;
  const auto differs = [&changes](const std::string& name, const std::string& before,
                                  const std::string& after) {
    changes.append("\n  ").append(name).append(": was ").append(before).append(", is ").append(after);
  };
  for (const auto& [name, value] : then) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != value)
      differs(name, value, found == now.end() ? "not there" : found->second);
  }
  for (const auto& [name, value] : now)
    if (!then.contains(name)) differs(name, "not there", value);
  if (!changes.empty())
    fail(file_, "since its run began, this has changed:" + changes +
                    "\nChange it back to go on, or name another checkpoint to begin anew");
}

std::optional<Step> Checkpoint::resume(OutcomeSink& output, std::uint64_t failed_end) {
  try {
    auto reached = last_that_counts(output, failed_end);
    output.cut(reached ? reached->output.end : 0);
    if (!reached) {
      database_.execute("DELETE FROM step");
      return reached;
    }
    std::erase_if(reached->items, [&](std::uint64_t item) { return item < reached->from.number; });
    std::ranges::sort(reached->items);
    // What was noted and does not count is forgotten too.
    settle(*reached, static_cast<std::uint64_t>(database_.number("SELECT max(number) FROM step")));
    last_noted_ = last_settled_;
    return reached;
  } catch (const SqliteError& error) {
    fail(file_, error);
  }
}

std::optional<Step> Checkpoint::last_that_counts(OutcomeSink& output, std::uint64_t failed_end) {
  std::optional<Step> reached;
  auto rows = database_.prepare(kRead);
  while (rows.step()) {
    auto step = read_step(rows);
    const bool is_settled = rows.number(9) != 0;
    const auto begin = reached ? reached->output.end : 0;
    if (!is_settled && (failed_end < step.failed_end || !output.holds(begin, step.output))) break;
    if (reached) std::ranges::copy(reached->items, std::back_inserter(step.items));
    reached = std::move(step);
  }
  return reached;
}

void Checkpoint::insert(const Step& step, std::uint64_t number, bool is_settled) {
  const auto items = packed(step.items);
  insert_->bind(1, as_signed(step.from.number))
      .bind(2, as_signed(step.from.file))
      .bind(3, as_signed(step.from.line))
      .bind(4, as_signed(step.from.begin))
      .bind_blob(5, items)
      .bind(6, as_signed(step.output.end))
      .bind(7, as_signed(step.output.hash))
      .bind(8, as_signed(step.failed_end))
      .bind_text(9, step.summary)
      .bind(10, std::int64_t{is_settled})
      .bind(11, as_signed(number))
      .bind(12, as_signed(checksum_of(step, items, number, is_settled)))
      .run();
}

void Checkpoint::note(const Step& step) {
  try {
    insert(step, last_noted_ + 1, false);
    ++last_noted_;
  } catch (const SqliteError& error) {
    fail(file_, error.what());
  }
}

bool Checkpoint::is_due() const {
  const auto noted = last_noted_ - last_settled_;
  return noted >= kMostNoted || (noted > 0 && std::chrono::steady_clock::now() - settled_at_ >= kInterval);
}

void Checkpoint::settle(const Step& step, std::uint64_t through) {
  try {
    database_.execute("BEGIN; DELETE FROM step WHERE number <= " + std::to_string(through));
    insert(step, through, true);
    database_.execute("COMMIT");
    last_settled_ = through;
    settled_at_ = std::chrono::steady_clock::now();
  } catch (const SqliteError& error) {
    if (!database_.is_idle()) database_.execute("ROLLBACK");
    fail(file_, error.what());
  }
}

}  // namespace slm::runtime
