#include "runtime/tune/batch_labelling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace slm::runtime {
namespace {

struct Batch {
  std::vector<double> confidences;
  std::vector<bool> agrees;
};

/// Lines of which one of confidence c agrees with probability c, less `lie`.
Batch drawn(std::size_t count, std::mt19937& random, double lie = 0) {
  std::uniform_real_distribution<> chance{0, 1};
  Batch batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.confidences.push_back(0.4 + 0.6 * chance(random));
    batch.agrees.push_back(chance(random) < batch.confidences.back() - lie);
  }
  return batch;
}

struct Labelled {
  std::size_t calls = 0;
  std::size_t errors = 0;  ///< left in the whole batch
};

Labelled labelled(const Batch& batch, const std::vector<KnownAgreement>& known, const BatchOptions& options) {
  const BatchLabelling labelling{batch.confidences, known, options};
  std::vector<bool> seen;
  for (const std::size_t line : labelling.sample()) seen.push_back(batch.agrees[line]);
  auto asked = labelling.rest(seen);
  asked.insert(asked.end(), labelling.sample().begin(), labelling.sample().end());
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(std::adjacent_find(asked.begin(), asked.end()), asked.end()) << "a line is asked twice";
  Labelled result{.calls = asked.size()};
  for (std::size_t i = 0; i < batch.agrees.size(); ++i)
    if (!batch.agrees[i] && !std::binary_search(asked.begin(), asked.end(), i)) ++result.errors;
  return result;
}

std::vector<KnownAgreement> known_of(const Batch& batch) {
  std::vector<KnownAgreement> known;
  for (std::size_t i = 0; i < batch.agrees.size(); ++i)
    known.push_back({batch.confidences[i], batch.agrees[i]});
  return known;
}

// Of 400 batches of which each breaks its promise with probability 0.1, more than 60 do once in a thousand.
constexpr int kBatches = 400;
constexpr int kMostBroken = 60;

class Promise : public ::testing::TestWithParam<std::pair<std::size_t, double>> {};

TEST_P(Promise, IsKeptAsOftenAsItSaysAndSavesCalls) {
  const auto [known, lie] = GetParam();
  std::mt19937 random{1};
  int broken = 0;
  std::size_t calls = 0;
  for (int i = 0; i < kBatches; ++i) {
    const Batch batch = drawn(600, random, lie);
    const Labelled result =
        labelled(batch, known_of(drawn(known, random, lie)),
                 {.target = 0.9, .confidence = 0.9, .seed = static_cast<std::uint64_t>(i)});
    calls += result.calls;
    if (result.errors > 60) ++broken;
  }
  EXPECT_LE(broken, kMostBroken);
  EXPECT_LT(calls, 500U * kBatches);
}

INSTANTIATE_TEST_SUITE_P(All, Promise,
                         ::testing::Values(std::pair{0U, 0.0}, std::pair{0U, 0.1}, std::pair{600U, 0.0},
                                           std::pair{600U, 0.1}, std::pair{20U, 0.0}),
                         [](const auto& tested) {
                           return std::to_string(tested.param.first) + "KnownLyingBy" +
                                  std::to_string(static_cast<int>(100 * tested.param.second));
                         });

TEST(BatchLabelling, SavesMoreWhereMoreIsKnown) {
  std::mt19937 random{2};
  std::size_t with = 0, without = 0;
  for (int i = 0; i < 20; ++i) {
    const Batch batch = drawn(1000, random);
    without += labelled(batch, {}, {}).calls;
    with += labelled(batch, known_of(drawn(2000, random)), {}).calls;
  }
  EXPECT_LT(with, without);
}

TEST(BatchLabelling, AsksForAllWhereNothingCanBeSaved) {
  std::mt19937 random{3};
  Batch batch = drawn(200, random);
  std::fill(batch.agrees.begin(), batch.agrees.end(), false);
  EXPECT_LE(labelled(batch, {}, {}).errors, 20U);
  EXPECT_EQ(labelled({}, {}, {}).calls, 0U);
}

TEST(BatchLabelling, AsksFewWhereAllAgree) {
  Batch batch{std::vector<double>(1000, 0.99), std::vector<bool>(1000, true)};
  const Labelled result = labelled(batch, {}, {});
  EXPECT_LT(result.calls, 60U);
  EXPECT_EQ(result.errors, 0U);
}

}  // namespace
}  // namespace slm::runtime
