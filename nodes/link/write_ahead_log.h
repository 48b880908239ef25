#pragma once

#include <cstdint>
#include <filesystem>

namespace slm::link {

/// How many commits of a write-ahead log SQLite would pass over in silence: it takes the first frame whose
/// checksum is wrong for the log's end, as after loss of power, and does not say whether complete commits
/// come after it. 0 where there is no log. A loss of power may leave one behind that was never synced.
/// Reads the file without SQLite: no connection of this process may have it open.
std::uint64_t unreadable_commits(const std::filesystem::path& log);

}  // namespace slm::link
