#include "nodes/learning/certified_bar.h"

#include <gtest/gtest.h>

#include <random>

namespace slm {
namespace {

struct Seen {
  std::vector<learning::HeldOutAnswer> lessons;
  std::vector<std::optional<double>> confidences;

  void add(double confidence, bool agrees, double weight = 1, double greatest_weight = 1) {
    lessons.push_back({{}, agrees, weight, greatest_weight});
    confidences.emplace_back(confidence);
  }
  std::optional<double> bar(double agreement, double alpha = 0.05) const {
    return lowest_certified_bar(lessons, confidences, {agreement, alpha, 1});
  }
};

/// Lessons of a gate that accepted from 0.9 on, and audited a fifth of that. Answers agree as often as their
/// confidence says, which lies evenly between 0 and 1.
Seen lessons_of(int messages, std::mt19937& random) {
  constexpr double kBarThen = 0.9, kAudit = 0.2;
  std::uniform_real_distribution<double> uniform;
  Seen seen;
  for (int i = 0; i < messages; ++i) {
    const double confidence = uniform(random);
    const bool agrees = uniform(random) < confidence;
    if (confidence < kBarThen)
      seen.add(confidence, agrees, 1, 1 / kAudit);
    else if (uniform(random) < kAudit)
      seen.add(confidence, agrees, 1 / kAudit, 1 / kAudit);
  }
  return seen;
}

TEST(CertifiedBar, IsNoneWhereLessonsAreTooFew) {
  Seen seen;
  EXPECT_EQ(seen.bar(0.9), std::nullopt);
  for (int i = 0; i < 20; ++i) seen.add(0.95, true);
  EXPECT_EQ(seen.bar(0.9), std::nullopt);
}

TEST(CertifiedBar, LeavesOutWhatDisagrees) {
  Seen seen;
  for (int i = 0; i < 200; ++i) {
    seen.add(0.8, true);
    seen.add(0.4, i % 2 == 0);
  }
  const std::optional<double> bar = seen.bar(0.9);
  ASSERT_TRUE(bar);
  EXPECT_GT(*bar, 0.4);
  EXPECT_LE(*bar, 0.8);
  EXPECT_LT(*seen.bar(0.5), 0.01);
}

TEST(CertifiedBar, NeverAcceptsWhatHasNoConfidence) {
  Seen seen;
  for (int i = 0; i < 400; ++i) {
    seen.add(0.5, false);
    seen.confidences.back().reset();
  }
  EXPECT_TRUE(seen.bar(0.9));
}

TEST(CertifiedBar, CountsErrorsThatWereAuditedForAllTheyStandFor) {
  Seen alike, weighted;
  for (int i = 0; i < 1000; ++i) {
    const bool is_error = i % 20 == 0;
    alike.add(0.8, !is_error);
    // Errors came to light by an audit of one in four; all else was sent up.
    weighted.add(is_error ? 0.8 : 0.1, !is_error, is_error ? 4 : 1, 4);
  }
  EXPECT_LE(*alike.bar(0.9), 0.8);
  EXPECT_GT(weighted.bar(0.9).value_or(1), 0.8);
}

// The truth at a bar b is 1 - (1 - b)² / 2.
TEST(CertifiedBarPromise, IsKeptWithItsConfidence) {
  constexpr int kSimulations = 200;
  std::mt19937 random{11};
  int broken = 0, certified = 0;
  for (int i = 0; i < kSimulations; ++i) {
    const std::optional<double> bar = lessons_of(600, random).bar(0.9, 0.1);
    if (!bar) continue;
    ++certified;
    broken += 1 - (1 - *bar) * (1 - *bar) / 2 < 0.9 ? 1 : 0;
  }
  EXPECT_GT(certified, kSimulations / 2);
  EXPECT_LE(broken, kSimulations / 10);
}

}  // namespace
}  // namespace slm
