#include "nodes/cache/neighbours.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "models/embedder.h"

namespace slm::cache {
namespace {

Embedding random_embedding(std::mt19937& random, std::size_t width) {
  std::normal_distribution<float> normal;
  std::vector<float> values(width);
  for (float& value : values) value = normal(random);
  return std::get<Embedding>(unit_embedding(std::move(values)));
}

TEST(Neighbours, FindsTheNearestOfThoseThatAreLeft) {
  constexpr std::size_t kWidth = 37;  // no whole number of lanes
  std::mt19937 random{1};
  Neighbours neighbours;
  std::map<std::uint64_t, Embedding> kept;
  for (int step = 0; step < 2000; ++step) {
    const std::uint64_t key = random() % 100;
    if (random() % 3 == 0) {
      neighbours.remove(key);
      kept.erase(key);
    } else {
      kept[key] = random_embedding(random, kWidth);
      neighbours.put(key, 7, kept[key]);
    }
    const Embedding sought = random_embedding(random, kWidth);
    const auto found = neighbours.nearest(7, sought);
    ASSERT_EQ(found.has_value(), !kept.empty());
    if (!found) continue;
    double best = -2;
    for (const auto& [other, embedding] : kept)
      best = std::max(best, std::inner_product(sought.begin(), sought.end(), embedding.begin(), 0.0));
    ASSERT_NEAR(found->similarity, best, 1e-5);
    ASSERT_TRUE(kept.contains(found->key));
  }
}

TEST(Neighbours, ComparesWithinAGroupAndAWidthOnly) {
  Neighbours neighbours;
  neighbours.put(1, 7, Embedding{1, 0});
  EXPECT_FALSE(neighbours.nearest(8, Embedding{1, 0}));
  EXPECT_FALSE(neighbours.nearest(7, Embedding{1, 0, 0}));
  neighbours.put(2, 7, Embedding{0, 1, 0});
  EXPECT_EQ(neighbours.nearest(7, Embedding{1, 0})->key, 1U);
  EXPECT_EQ(neighbours.nearest(7, Embedding{0, 1, 0})->key, 2U);
  neighbours.put(1, 8, Embedding{1, 0});
  EXPECT_FALSE(neighbours.nearest(7, Embedding{1, 0})) << "it has moved";
}

TEST(Neighbours, MayBeSearchedAndChangedTogether) {
  Neighbours neighbours;
  const auto work = [&](unsigned seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t key = random() % 64;
      if (i % 2 == 0) neighbours.put(key, key % 2, random_embedding(random, 16));
      if (i % 5 == 0) neighbours.remove(random() % 64);
      if (const auto found = neighbours.nearest(1, random_embedding(random, 16))) {
        EXPECT_EQ(found->key % 2, 1U);
      }
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
}

}  // namespace
}  // namespace slm::cache
