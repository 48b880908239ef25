#include "nodes/cache/neighbours.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace slm::cache {
namespace {

/// In lanes, since a compiler may not change the order of one sum, and with it cannot use vector
/// instructions.
float product(const float* one, const float* other, std::size_t width) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += one[i + lane] * other[i + lane];
  for (; i < width; ++i) sums[0] += one[i] * other[i];
  float sum = 0;
  for (const float each : sums) sum += each;
  return sum;
}

}  // namespace

void Neighbours::put(std::uint64_t key, std::uint64_t group, std::span<const float> embedding) {
  const std::lock_guard lock{mutex_};
  take_out(key);
  const auto found = groups_.try_emplace({group, embedding.size()}).first;
  Group& into = found->second;
  spots_[key] = {found, into.keys.size()};
  into.keys.push_back(key);
  into.rows.insert(into.rows.end(), embedding.begin(), embedding.end());
}

void Neighbours::remove(std::uint64_t key) {
  const std::lock_guard lock{mutex_};
  take_out(key);
}

void Neighbours::take_out(std::uint64_t key) {
  const auto spot = spots_.find(key);
  if (spot == spots_.end()) return;
  const auto [found, row] = spot->second;
  const auto width = static_cast<std::ptrdiff_t>(found->first.second);
  Group& group = found->second;
  // The last row takes the place of the one that goes.
  std::copy(group.rows.end() - width, group.rows.end(),
            group.rows.begin() + static_cast<std::ptrdiff_t>(row) * width);
  group.rows.resize(group.rows.size() - static_cast<std::size_t>(width));
  group.keys[row] = group.keys.back();
  spots_[group.keys[row]].row = row;
  group.keys.pop_back();
  spots_.erase(key);
  if (group.keys.empty()) groups_.erase(found);
}

std::optional<Neighbour> Neighbours::nearest(std::uint64_t group, std::span<const float> embedding) const {
  const std::shared_lock lock{mutex_};
  const auto found = groups_.find({group, embedding.size()});
  if (found == groups_.end()) return std::nullopt;
  const auto& [keys, rows] = found->second;
  Neighbour best{0, -2};
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const float similarity = product(&rows[row * embedding.size()], embedding.data(), embedding.size());
    if (similarity > best.similarity) best = {keys[row], similarity};
  }
  best.similarity = std::min(best.similarity, 1.0F);
  return best;
}

}  // namespace slm::cache
