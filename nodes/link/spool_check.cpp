#include "nodes/link/spool_check.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "nodes/link/write_ahead_log.h"

namespace slm::link {
namespace {

// https://www.sqlite.org/fileformat2.html#the_database_header
constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kVersionAt = 60;
constexpr std::size_t kApplicationAt = 68;

using Header = std::array<unsigned char, kHeaderBytes>;

/// What is there of it, and zeros.
Header read_header(const std::filesystem::path& file) {
  std::array<char, kHeaderBytes> bytes{};
  std::ifstream{file, std::ios::binary}.read(bytes.data(), bytes.size());
  return std::bit_cast<Header>(bytes);
}

std::uint32_t big_endian(const Header& header, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8U | header.at(i);
  return number;
}

}  // namespace

SpoolError spool_error(const std::filesystem::path& file, const std::string& what) {
  return SpoolError{"spool " + file.string() + ": " + what};
}

std::filesystem::path lock_of(const std::filesystem::path& file) {
  return file.string() + ".lock";
}

bool was_spool(const std::filesystem::path& file) {
  const bool is_set_aside = file.filename().string().find(kSetAside) != std::string::npos;
  if (is_set_aside || std::filesystem::exists(lock_of(file))) return true;
  const auto header = read_header(file);
  if (big_endian(header, kApplicationAt) == kSpoolApplicationId) return true;
  // Zeros are what a lost block reads as.
  return std::ranges::all_of(header, [](unsigned char byte) { return byte == 0; });
}

FileLock lock_spool(const std::filesystem::path& file) {
  if (std::filesystem::exists(file) && !was_spool(file))
    throw spool_error(file, "this file is no spool, and is left as it is; name another one");
  try {
    if (auto lock = FileLock::take(lock_of(file))) return std::move(*lock);
  } catch (const std::system_error& error) {
    throw spool_error(file, error.what());
  }
  const auto holder = FileLock::holder(lock_of(file));
  throw spool_error(file, "another process" + (holder.empty() ? "" : ", " + holder + ",") +
                              " has it open; a spool serves one process at a time");
}

Database open_unused(const std::filesystem::path& file) {
  const bool has_log = std::filesystem::exists(file.string() + "-wal");
  return Database{file, has_log ? Database::Access::read_only : Database::Access::unchanging};
}

bool has_sound_header(const std::filesystem::path& file) {
  const auto header = read_header(file);
  // Page size; write-ahead log for writing and reading; no bytes reserved; payload fractions.
  constexpr std::array<unsigned char, 8> fixed{
      kSpoolPageBytes >> 8U, kSpoolPageBytes & 0xffU, 2, 2, 0, 64, 32, 32};
  return std::memcmp(header.data(), kMagic.data(), kMagic.size()) == 0 &&
         std::memcmp(header.data() + kMagic.size(), fixed.data(), fixed.size()) == 0 &&
         big_endian(header, kVersionAt) == kSpoolFormat &&
         big_endian(header, kApplicationAt) == kSpoolApplicationId;
}

SpoolContent check_spool(const std::filesystem::path& file) {
  const auto damaged = [](const std::string& what) { return SqliteError{SQLITE_CORRUPT, what}; };
  if (!has_sound_header(file)) throw damaged("its header is damaged");
  if (const auto count = unreadable_commits(file.string() + "-wal"); count > 0)
    throw damaged("the last " + std::to_string(count) + " commits in its log cannot be read");
  const auto database = open_unused(file);
  check_tables(database);
  SpoolContent content{.identity = read_identity(database), .state = read_state(database)};
  {
    auto check = database.prepare("PRAGMA quick_check(1)");
    if (!check.step() || check.bytes(0) != "ok") throw damaged(std::string{check.bytes(0)});
  }
  EntryReader entries{database};
  entries.seek(0);
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  while (const auto* entry = entries.next()) {
    if (!entry->is_sound) throw damaged("entry " + to_string(entry->id) + " is not as it was written");
    const auto base = entry->position - static_cast<std::int64_t>(entry->id.sequence);
    if (content.bases.try_emplace(entry->id.epoch, base).first->second != base)
      throw damaged("entry " + to_string(entry->id) + " is not where it belongs");
    ++count;
    bytes += entry->bytes();
    content.last_position = entry->position;
  }
  if (count != content.state.entries || bytes != content.state.bytes)
    throw damaged("it holds " + std::to_string(count) + " entries instead of " +
                  std::to_string(content.state.entries));
  return content;
}

}  // namespace slm::link
