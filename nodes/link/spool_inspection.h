#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nodes/link/spool.h"

/// Looking into a spool and tending it from outside of the process that it belongs to. All functions throw
/// SpoolError.
namespace slm::link {

struct SpoolDestination {
  std::string name;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t most_attempts = 0;
  std::chrono::milliseconds oldest_age{};
};

struct SpoolSummary {
  std::string pipeline;
  std::uint64_t pipeline_hash = 0;
  std::uint64_t format = 0;
  std::uint64_t epoch = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;             ///< as `SpoolOptions::max_bytes` counts them
  std::uint64_t file_bytes = 0;        ///< with the write-ahead log
  std::optional<std::string> process;  ///< that has it open; empty where its number is not known
  std::vector<SpoolDestination> destinations;
};

/// Of the last commit; a process may have it open and write on.
SpoolSummary summarize_spool(const std::filesystem::path& file);
/// The first entries, with headers and payloads.
std::vector<SpoolEntry> first_entries(const std::filesystem::path& file, std::size_t count);

/// Checks all of it; where it is damaged, salvages what can be read into a new file and keeps the old one
/// beside it. Empty: nothing was to be done. No process may have it open.
std::optional<SpoolRepair> repair_spool(const std::filesystem::path& file);

/// Removes these entries, and returns how many of them there were. No process may have it open.
std::uint64_t drop_entries(const std::filesystem::path& file, std::span<const SpoolId> ids);
std::uint64_t drop_all_entries(const std::filesystem::path& file);

}  // namespace slm::link
