#include "models/learning/contest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace slm::learning {
namespace {

/// Right on texts with a number below its own.
class Skilled final : public Classifier {
 public:
  explicit Skilled(int skill) : skill_{skill} {}
  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return labels_; }
  void classify(std::string_view text, std::span<float> probabilities) const override {
    const bool is_right = std::stoi(std::string{text}) < skill_;
    probabilities[0] = is_right ? 0.8F : 0.2F;
    probabilities[1] = 1 - probabilities[0];
  }

 private:
  int skill_;
  std::shared_ptr<const std::vector<std::string>> labels_ =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"right", "wrong"});
};

bool is_refused(int challenger, int served) {
  std::vector<Lesson> lessons;
  for (int i = 0; i < 100; ++i) lessons.push_back({std::to_string(i), "right"});
  std::vector<const Lesson*> compared;
  for (const Lesson& lesson : lessons) compared.push_back(&lesson);
  return is_worse(Skilled{challenger}, Skilled{served}, compared);
}

TEST(Contest, RefusesAChallengerOnlyWhereItIsClearlyWorse) {
  EXPECT_TRUE(is_refused(50, 80));
  EXPECT_TRUE(is_refused(75, 80));
  EXPECT_FALSE(is_refused(76, 80));
  EXPECT_FALSE(is_refused(80, 80));
  EXPECT_FALSE(is_refused(80, 50));
  EXPECT_FALSE(is_worse(Skilled{0}, Skilled{1}, {}));
}

bool is_lost(double now, double before, int lessons, double weight, std::mt19937& random) {
  Contest contest;
  for (int i = 0; i < lessons && !contest.is_lost(); ++i)
    contest.add(std::bernoulli_distribution{now}(random), std::bernoulli_distribution{before}(random),
                {"", "", weight, 10});
  return contest.is_lost();
}

TEST(Contest, IsLostByTheWorseAndNotByTheEquallyGood) {
  std::mt19937 random{3};
  EXPECT_TRUE(is_lost(0.5, 0.8, 200, 10, random));
  EXPECT_FALSE(is_lost(0.8, 0.5, 5000, 10, random));
  int lost = 0;
  for (int i = 0; i < 200; ++i) lost += is_lost(0.7, 0.7, 1000, 10, random) ? 1 : 0;
  EXPECT_LE(lost, 6);
}

TEST(Contest, WeighsLessonsByWhatTheyStandFor) {
  std::mt19937 random{3};
  EXPECT_FALSE(is_lost(0.5, 0.8, 200, 1, random));
}

}  // namespace
}  // namespace slm::learning
