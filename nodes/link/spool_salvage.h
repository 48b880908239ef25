#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "nodes/link/spool_format.h"

namespace slm::link {

/// Makes an empty spool, complete or not at all. Throws SqliteError.
void create_spool(const std::filesystem::path& file, const SpoolIdentity& identity, const SpoolState& state);

/// Copies what can be read of a damaged spool to a new file, renames the damaged one to
/// `<name>.corrupt-<UTC time>`, and the new one to the old one's name. `identity` is whose the new one shall
/// be; without it, as the damaged one says. If this is interrupted, `finish_salvage` completes it. The caller
/// holds the spool's lock, and no connection of this process may have the file open. Throws SqliteError with
/// the file left where it was, or std::filesystem::filesystem_error.
SpoolRepair salvage(const std::filesystem::path& file, const std::string& damage,
                    const std::optional<SpoolIdentity>& identity, std::chrono::system_clock::time_point now);

/// The same where nothing shall be salvaged.
SpoolRepair set_aside(const std::filesystem::path& file, const std::string& damage,
                      const SpoolIdentity& identity, std::chrono::system_clock::time_point now);

/// Completes what a process that died in `salvage` or `create_spool` had begun, or removes its traces.
void finish_salvage(const std::filesystem::path& file);

}  // namespace slm::link
