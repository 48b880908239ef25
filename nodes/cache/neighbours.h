#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace slm::cache {

/// The one of the kept questions that is nearest to another.
struct Neighbour {
  std::uint64_t key = 0;
  float similarity = 0;  ///< cosine
};

/// Questions by their embeddings, in groups of those that may be compared; searched one by one: see
/// docs/cache.md for what that takes. Any thread; searches do not wait for each other.
class Neighbours {
 public:
  /// The embedding is of length 1. In the place of one with that key.
  void put(std::uint64_t key, std::uint64_t group, std::span<const float> embedding);
  void remove(std::uint64_t key);

  /// Only of that group, and of embeddings as wide.
  std::optional<Neighbour> nearest(std::uint64_t group, std::span<const float> embedding) const;

 private:
  using GroupName = std::pair<std::uint64_t, std::size_t>;  ///< with the width
  struct Group {
    std::vector<std::uint64_t> keys;
    std::vector<float> rows;  ///< embeddings one after the other, in the order of the keys
  };
  struct Spot {
    std::map<GroupName, Group>::iterator group;
    std::size_t row = 0;
  };

  void take_out(std::uint64_t key);

  mutable std::shared_mutex mutex_;
  // All guarded by mutex_
  std::map<GroupName, Group> groups_;
  std::unordered_map<std::uint64_t, Spot> spots_;
};

}  // namespace slm::cache
