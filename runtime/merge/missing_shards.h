#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "runtime/merge/merge_report.h"

namespace slm::runtime {

/// Finds out which shards the missing requests are of: the distances between requests of one shard are all
/// multiples of the number of shards, so that is their greatest common divisor, or as good as it. One thread.
class MissingShards {
 public:
  /// A request by its running number, and the part where its outcome is.
  void add_found(std::uint64_t number, std::size_t part);
  void add_missing(std::uint64_t number) { missing_.push_back(number); }

  /// Empty where the parts are no shards. `parts` are the files by their numbers.
  std::vector<MissingOfShard> found(const std::vector<std::filesystem::path>& parts) const;

 private:
  std::map<std::size_t, std::uint64_t> first_of_part_;
  std::uint64_t divisor_ = 0;
  std::vector<std::uint64_t> missing_;
};

}  // namespace slm::runtime
