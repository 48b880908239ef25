#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "nodes/link/file_lock.h"
#include "nodes/link/spool_format.h"

/// Telling a sound spool from a damaged one, and both from other files.
namespace slm::link {

/// In the names of damaged spools, before the time.
inline constexpr const char* kSetAside = ".corrupt-";

/// What a sound spool holds.
struct SpoolContent {
  SpoolIdentity identity;
  SpoolState state;
  std::int64_t last_position = 0;
  /// By epoch: the position that its sequences are counted from.
  std::map<std::uint64_t, std::int64_t> bases;
};

/// Takes the lock that every user of a spool but a mere reader holds. Throws SpoolError where another has it,
/// where the file never was a spool, or where the lock cannot be made.
FileLock lock_spool(const std::filesystem::path& file);

/// `spool FILE: what`
SpoolError spool_error(const std::filesystem::path& file, const std::string& what);

/// A connection for reading, while its lock is held or nobody holds it.
Database open_unused(const std::filesystem::path& file);

/// Whether the file looks as if it once was a spool, however damaged it is now: nothing else may be set
/// aside for being none. No connection of this process may have the file open.
bool was_spool(const std::filesystem::path& file);

/// Beside the spool; it stays when the spool is closed.
std::filesystem::path lock_of(const std::filesystem::path& file);

/// Whether the part of the header that never changes is sound; where not, SQLite might take the file for
/// something else. No connection of this process may have the file open.
bool has_sound_header(const std::filesystem::path& file);

/// Reads all of a spool that nobody uses once. Throws SqliteError with what is damaged.
SpoolContent check_spool(const std::filesystem::path& file);

}  // namespace slm::link
