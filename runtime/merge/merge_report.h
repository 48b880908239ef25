#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/input/shard.h"
#include "runtime/terminal.h"

namespace slm::runtime {

/// Some outcomes, and the first few of them.
struct SomeOutcomes {
  struct One {
    std::string id_json;
    std::filesystem::path part = {};  ///< where it stands; empty where it is missing
  };
  std::uint64_t count = 0;
  std::vector<One> first = {};

  void add(One one);
};

/// How many requests of a shard have no outcome.
struct MissingOfShard {
  Shard shard;
  std::uint64_t count = 0;
  std::filesystem::path part = {};  ///< with others of the shard; empty where none has any
};

/// What stands between the parts and a whole.
struct MergeReport {
  std::uint64_t requests = 0;
  std::uint64_t outcomes = 0;                  ///< in all parts
  SomeOutcomes missing;                        ///< requests without an outcome
  SomeOutcomes doubled;                        ///< outcomes of requests that have one already
  SomeOutcomes foreign;                        ///< outcomes of no request
  std::vector<MissingOfShard> shards;          ///< of the missing ones, where it can be told
  std::vector<std::filesystem::path> cut_off;  ///< parts whose last line is
  bool is_interrupted = false;

  bool is_whole() const {
    return !is_interrupted && missing.count == 0 && doubled.count == 0 && foreign.count == 0;
  }
};

/// For people, several lines.
std::string to_text(const MergeReport& report, const std::filesystem::path& output, const Terminal& terminal);

/// One JSON object on one line.
std::string to_json(const MergeReport& report, const std::filesystem::path& output);

}  // namespace slm::runtime
