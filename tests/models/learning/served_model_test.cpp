#include "models/learning/served_model.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "models/model.h"

namespace slm::learning {
namespace {

using Labels = std::shared_ptr<const std::vector<std::string>>;

Labels labels(std::vector<std::string> names) {
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

/// Says the same of every text, as long as it lives.
class Fixed final : public Classifier {
 public:
  Fixed(Labels labels, std::vector<float> says) : labels_{std::move(labels)}, says_{std::move(says)} {}
  ~Fixed() override { std::fill(says_.begin(), says_.end(), -1.0F); }
  const Labels& labels() const override { return labels_; }
  void classify(std::string_view, std::span<float> probabilities) const override {
    std::copy(says_.begin(), says_.end(), probabilities.begin());
  }

 private:
  Labels labels_;
  std::vector<float> says_;
};

TEST(ServedModel, KnowsNothingUntilItHasAModel) {
  ServedModel served(labels({"a", "b"}));
  std::vector<float> probabilities(2);
  served.classify("text", probabilities);
  EXPECT_EQ(probabilities, (std::vector<float>{0.5F, 0.5F}));
  EXPECT_FALSE(served.has_evidence());
  served.serve(std::make_shared<Fixed>(served.labels(), std::vector<float>{0.9F, 0.1F}));
  served.classify("text", probabilities);
  EXPECT_EQ(probabilities, (std::vector<float>{0.9F, 0.1F}));
  EXPECT_TRUE(served.has_evidence());
  served.serve(nullptr);
  EXPECT_FALSE(served.has_evidence());
}

TEST(ServedModel, LetsGoOfTheModelBefore) {
  ServedModel served(labels({"a", "b"}));
  const auto first = std::make_shared<Fixed>(served.labels(), std::vector<float>{1, 0});
  served.serve(first);
  EXPECT_EQ(first.use_count(), 2);
  served.serve(std::make_shared<Fixed>(served.labels(), std::vector<float>{0, 1}));
  EXPECT_EQ(first.use_count(), 1);
}

TEST(ServedModel, IsReplacedWhileOthersClassify) {
  ServedModel served(labels({"a", "b"}));
  const auto model = [&](int i) {
    const float p = static_cast<float>(i % 128) / 128;
    return std::make_shared<Fixed>(served.labels(), std::vector<float>{p, 1 - p});
  };
  served.serve(model(0));
  std::atomic<bool> is_over = false;
  std::atomic<int> mixed = 0, classified = 0;
  std::vector<std::jthread> readers;
  for (int reader = 0; reader < 3; ++reader)
    readers.emplace_back([&] {
      std::vector<float> probabilities(2);
      while (!is_over) {
        served.classify("text", probabilities);
        // Of one model as a whole, and of one that still lives.
        if (probabilities[0] < 0 || probabilities[0] + probabilities[1] != 1) ++mixed;
        ++classified;
      }
    });
  while (classified < 100) std::this_thread::yield();
  for (int i = 0; i < 5000; ++i) served.serve(model(i));
  is_over = true;
  readers.clear();
  EXPECT_EQ(mixed, 0);
}

TEST(ServedModel, GivesLabelsThatAModelDoesNotKnowNoChance) {
  const Labels all = labels({"a", "b", "c", "d", "e"});
  const auto wide =
      with_labels(std::make_shared<Fixed>(labels({"b", "e"}), std::vector<float>{0.7F, 0.3F}), all);
  std::vector<float> probabilities(5, 9);
  wide->classify("text", probabilities);
  EXPECT_EQ(probabilities, (std::vector<float>{0, 0.7F, 0, 0, 0.3F}));
  const auto same = std::make_shared<Fixed>(all, std::vector<float>(5));
  EXPECT_EQ(with_labels(same, all), same);
  EXPECT_THROW(with_labels(std::make_shared<Fixed>(labels({"b", "x"}), std::vector<float>(2)), all),
               ModelError);
}

}  // namespace
}  // namespace slm::learning
