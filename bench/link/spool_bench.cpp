// Messages that go into a spool, become durable and are removed, beside the same by SQLite alone on one
// thread.
//
//   spool_bench FOLDER [MESSAGES] [REPETITIONS]    messages a second, as a Markdown table; FOLDER says which
//   disk

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "nodes/link/spool.h"

namespace slm::bench {
namespace {

using Clock = std::chrono::steady_clock;
using link::Spool;
using link::SpoolOptions;
using Sync = SpoolOptions::Sync;

constexpr std::size_t kPayloadBytes = 1024;
constexpr std::size_t kHeaderBytes = 64;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "spool_bench: %s\n", what.c_str());
  std::exit(1);
}

void remove_files(const std::filesystem::path& file) {
  for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(file.string() + suffix);
}

struct Measured {
  double messages_per_second = 0;
  double messages_per_commit = 0;
};

/// What one thread of a plain SQLite program does with as many messages in each transaction.
class PlainSqlite {
 public:
  PlainSqlite(const std::filesystem::path& file, Sync sync) {
    if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) fail("cannot open " + file.string());
    run("PRAGMA journal_mode=WAL");
    run(sync == Sync::each_commit ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    run("CREATE TABLE entries (id INTEGER PRIMARY KEY, header BLOB, payload BLOB)");
    insert_ = prepared("INSERT INTO entries VALUES(?,?,?)");
    remove_ = prepared("DELETE FROM entries WHERE id=?");
  }
  PlainSqlite(const PlainSqlite&) = delete;
  PlainSqlite& operator=(const PlainSqlite&) = delete;
  ~PlainSqlite() {
    sqlite3_finalize(insert_);
    sqlite3_finalize(remove_);
    sqlite3_close(database_);
  }

  /// Each transaction inserts as many and removes those of the one before.
  Measured insert_and_remove(std::size_t messages, std::size_t group) {
    const std::string header(kHeaderBytes, 'h');
    const std::string payload(kPayloadBytes, 'p');
    const auto start = Clock::now();
    for (std::size_t from = 0; from < messages + group; from += group) {
      run("BEGIN");
      for (std::size_t id = from; id < std::min(from + group, messages); ++id) {
        sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(id));
        sqlite3_bind_blob64(insert_, 2, header.data(), header.size(), SQLITE_STATIC);
        sqlite3_bind_blob64(insert_, 3, payload.data(), payload.size(), SQLITE_STATIC);
        step(insert_);
      }
      for (std::size_t id = from; from > 0 && id < std::min(from + group, messages + group); ++id) {
        sqlite3_bind_int64(remove_, 1, static_cast<sqlite3_int64>(id - group));
        step(remove_);
      }
      run("COMMIT");
    }
    return {static_cast<double>(messages) / seconds_since(start), static_cast<double>(group)};
  }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sqlite3_errmsg(database_));
  }
  sqlite3_stmt* prepared(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK)
      fail(sqlite3_errmsg(database_));
    return statement;
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_errmsg(database_));
    sqlite3_reset(statement);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* remove_ = nullptr;
};

Measured plain(const std::filesystem::path& file, Sync sync, std::size_t messages, std::size_t group) {
  remove_files(file);
  Measured measured;
  {
    PlainSqlite sqlite{file, sync};
    measured = sqlite.insert_and_remove(messages, group);
  }
  remove_files(file);
  return measured;
}

/// One thread appends, at most so many not durable yet; each is removed once it is durable.
Measured spooled(const std::filesystem::path& file, Sync sync, std::size_t messages, std::size_t in_flight) {
  remove_files(file);
  Measured measured;
  {
    Spool spool{{.file = file, .pipeline = "bench", .sync = sync}};
    const std::string header(kHeaderBytes, 'h');
    const std::string payload(kPayloadBytes, 'p');
    std::counting_semaphore<> slots{static_cast<std::ptrdiff_t>(in_flight)};
    const auto start = Clock::now();
    for (std::size_t i = 0; i < messages; ++i) {
      slots.acquire();
      const auto id = spool.take_id();
      spool.append({.id = id, .header = header, .payload = payload},
                   [&spool, &slots, id](const std::optional<std::string>& problem) {
                     if (problem) fail(*problem);
                     spool.remove(id);
                     slots.release();
                   });
    }
    for (std::size_t i = 0; i < in_flight; ++i) slots.acquire();
    // The last removals are durable when what was appended after them is.
    std::promise<void> end;
    const auto last = spool.take_id();
    spool.append({.id = last}, [&end](const auto&) { end.set_value(); });
    end.get_future().wait();
    measured.messages_per_second = static_cast<double>(messages) / seconds_since(start);
    const auto stats = spool.stats();
    if (stats.entries != 1) fail("entries are left");
    measured.messages_per_commit = static_cast<double>(messages) / static_cast<double>(stats.commits);
  }
  remove_files(file);
  return measured;
}

void time_opening(const std::filesystem::path& folder, std::size_t messages) {
  const auto file = folder / "spool_bench.db";
  remove_files(file);
  const SpoolOptions options{.file = file, .pipeline = "bench", .sync = Sync::process};
  {
    Spool spool{options};
    for (std::size_t i = 0; i < messages; ++i)
      spool.append({.id = spool.take_id(), .payload = std::string(kPayloadBytes, 'p')},
                   [](const auto& problem) {
                     if (problem) fail(*problem);
                   });
  }
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    const Spool spool{options};
    std::printf("%zu messages, %zu MiB: opened in %.2f s\n", static_cast<std::size_t>(spool.stats().entries),
                static_cast<std::size_t>(std::filesystem::file_size(file)) >> 20U, seconds_since(start));
  }
  remove_files(file);
}

double sync_milliseconds(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    if (::pwrite(descriptor, page.data(), page.size(), i % 64 * 4096) != 4096) fail("cannot write");
    const auto start = Clock::now();
    if (::fdatasync(descriptor) != 0) fail("cannot sync");
    times.push_back(seconds_since(start) * 1e3);
  }
  ::close(descriptor);
  std::filesystem::remove(file);
  std::ranges::nth_element(times, times.begin() + 100);
  return times[100];
}

struct Contender {
  std::string name;
  std::function<Measured(std::size_t)> run;
  std::size_t share = 1;  ///< of the messages: one of so many
  std::vector<double> rates{};
  std::vector<double> per_commit{};
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void compare(const std::filesystem::path& folder, std::size_t messages, int repetitions) {
  const auto file = folder / "spool_bench.db";
  std::vector<Contender> contenders;
  for (const auto sync : {Sync::each_commit, Sync::process}) {
    const std::string policy = sync == Sync::each_commit ? "each commit synced" : "not synced";
    for (const std::size_t group : {256U, 1024U, 4096U})
      contenders.push_back(
          {"SQLite alone, " + std::to_string(group) + " inserts and removals a transaction, " + policy,
           [=](std::size_t count) { return plain(file, sync, count, group); }, 1024 / group + 1});
    for (const std::size_t in_flight : {1U, 64U, 1024U, 4096U})
      contenders.push_back({"**spool**, " + std::to_string(in_flight) + " on their way, " + policy,
                            [=](std::size_t count) { return spooled(file, sync, count, in_flight); },
                            in_flight == 1 ? 100U : 1024U / static_cast<unsigned>(in_flight) + 1});
  }
  for (int round = 0; round < repetitions; ++round) {
    for (auto& contender : contenders) {
      const auto measured = contender.run(messages / contender.share);
      contender.rates.push_back(measured.messages_per_second);
      contender.per_commit.push_back(measured.messages_per_commit);
    }
  }
  std::printf("One sync of 4 KB: %.2f ms (median of 200). %zu messages of %zu + %zu bytes, %d rounds.\n\n",
              sync_milliseconds(file), messages, kHeaderBytes, kPayloadBytes, repetitions);
  std::printf("| | messages/s: median (least - most) | messages a commit |\n|---|--:|--:|\n");
  for (const auto& [name, run, share, rates, per_commit] : contenders) {
    const auto [least, most] = std::ranges::minmax(rates);
    std::printf("| %s | %.0f (%.0f - %.0f) | %.0f |\n", name.c_str(), median(rates), least, most,
                median(per_commit));
  }
}

}  // namespace
}  // namespace slm::bench

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: spool_bench FOLDER [MESSAGES] [REPETITIONS]\n");
    return 2;
  }
  if (count > 2 && std::string{arguments[1]} == "--open") {
    slm::bench::time_opening(arguments[2], count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 500'000);
    return 0;
  }
  slm::bench::compare(arguments[1], count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 100'000,
                      count > 3 ? std::atoi(arguments[3]) : 5);
}
