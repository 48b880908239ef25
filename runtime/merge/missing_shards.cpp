#include "runtime/merge/missing_shards.h"

#include <numeric>

namespace slm::runtime {

void MissingShards::add_found(std::uint64_t number, std::size_t part) {
  const auto [first, is_new] = first_of_part_.try_emplace(part, number);
  if (!is_new) divisor_ = std::gcd(divisor_, number - first->second);
}

std::vector<MissingOfShard> MissingShards::found(const std::vector<std::filesystem::path>& parts) const {
  if (divisor_ < 2) return {};
  std::map<std::uint64_t, MissingOfShard> by_index;
  for (const auto number : missing_) {
    const Shard shard{number % divisor_, divisor_};
    ++by_index.try_emplace(shard.index, MissingOfShard{.shard = shard}).first->second.count;
  }
  for (const auto& [part, number] : first_of_part_)
    if (const auto known = by_index.find(number % divisor_); known != by_index.end())
      known->second.part = parts[part];
  std::vector<MissingOfShard> found;
  found.reserve(by_index.size());
  for (auto& [index, shard] : by_index) found.push_back(std::move(shard));
  return found;
}

}  // namespace slm::runtime
