#include "models/llama/waiting_tasks.h"

#include <gtest/gtest.h>

#include <string>

namespace slm::llama {
namespace {

/// A task that is only waited with: its prompt is its number.
class Numbered : public Task {
 public:
  Numbered(int number, Patience patience) : Task(std::move(patience)), prompt_{number} {}

  const std::vector<llama_token>& prompt() const override { return prompt_; }
  const Evaluation* next(Guessing&) override { return nullptr; }
  bool take(std::size_t, std::span<const float>) override { return false; }
  void answer() override {}
  void fail(ModelFailure) override {}

 private:
  std::vector<llama_token> prompt_;
};

int number_of(const Task& task) {
  return task.prompt().front();
}

bool is_any(const Task&) {
  return true;
}

/// Numbers tasks as they are added, from 0.
class WaitingTasksTest : public ::testing::Test {
 protected:
  void add(const std::string& asker, int count = 1) {
    for (int i = 0; i < count; ++i)
      waiting_.add(std::make_unique<Numbered>(added_++, Patience{.asker = asker}));
  }

  /// The numbers of the next `count` tasks that are ready, of as many as there are.
  std::vector<int> take(std::size_t count, const std::function<bool(const Task&)>& is_ready = is_any) {
    std::vector<int> numbers;
    while (numbers.size() < count) {
      const auto task = waiting_.take(is_ready);
      if (!task) break;
      numbers.push_back(number_of(*task));
    }
    return numbers;
  }

  WaitingTasks waiting_;
  int added_ = 0;
};

using Numbers = std::vector<int>;

TEST_F(WaitingTasksTest, OfOneAskerLeaveInTheOrderInWhichTheyCame) {
  add("a", 5);
  EXPECT_EQ(take(2), (Numbers{0, 1}));
  add("a", 2);
  EXPECT_EQ(take(9), (Numbers{2, 3, 4, 5, 6}));
  EXPECT_TRUE(waiting_.is_empty());
}

TEST_F(WaitingTasksTest, LeaveByTurnsAndOldestFirst) {
  add("a", 4);  // 0 to 3
  add("b", 2);  // 4, 5
  add("c", 3);  // 6 to 8
  EXPECT_EQ(take(9), (Numbers{0, 4, 6, 1, 5, 7, 2, 8, 3}));
  EXPECT_FALSE(waiting_.has_interactive());
}

TEST_F(WaitingTasksTest, OfAnAskerThatComesLateHaveTheNextTurnAndNoMore) {
  add("a", 50);
  EXPECT_EQ(take(10).back(), 9);
  add("b", 3);
  EXPECT_EQ(take(6), (Numbers{10, 50, 11, 51, 12, 52}));
  add("b");
  EXPECT_EQ(take(3), (Numbers{13, 53, 14})) << "nothing is saved up by who was away";
}

TEST_F(WaitingTasksTest, ThatAreNotReadyLetOthersPassAndKeepTheirTurn) {
  add("a", 2);  // 0, 1
  add("b", 3);  // 2 to 4
  const auto is_of_b = [](const Task& task) { return number_of(task) >= 2; };
  EXPECT_EQ(take(2, is_of_b), (Numbers{2, 3}));
  EXPECT_EQ(take(9), (Numbers{0, 4, 1}));

  add("a", 3);  // 5 to 7
  EXPECT_EQ(take(2, [](const Task& task) { return number_of(task) != 5; }), (Numbers{6, 7}));
  EXPECT_EQ(take(9), (Numbers{5}));
}

TEST_F(WaitingTasksTest, AreLookedThroughToALimitThatAskersShare) {
  int looks = 0;
  const auto is_none = [&looks](const Task&) { return ++looks == 0; };
  add("a", 100);
  EXPECT_EQ(take(1, is_none), Numbers{});
  EXPECT_EQ(looks, 64);

  add("b", 100);
  looks = 0;
  EXPECT_EQ(take(1, is_none), Numbers{});
  EXPECT_EQ(looks, 64);
  EXPECT_EQ(take(1, [](const Task& task) { return number_of(task) >= 100; }), Numbers{100})
      << "who waits for a beginning hides nobody";

  for (int i = 0; i < 100; ++i) add(std::to_string(i));
  looks = 0;
  EXPECT_EQ(take(1, is_none), Numbers{});
  EXPECT_EQ(looks, 102) << "of each the oldest";
}

TEST_F(WaitingTasksTest, ThatAreErasedLeaveNoTurnBehind) {
  add("a", 2);  // 0, 1
  add("b", 3);  // 2 to 4
  add("c", 2);  // 5, 6
  waiting_.erase_if([](const Task& task) { return number_of(task) >= 2 && number_of(task) <= 4; });
  EXPECT_EQ(take(2), (Numbers{0, 5}));
  add("b", 2);  // 7, 8
  EXPECT_EQ(take(9), (Numbers{1, 6, 7, 8}));

  add("a", 2);
  waiting_.erase_if(is_any);
  EXPECT_FALSE(waiting_.has_interactive());
  EXPECT_TRUE(waiting_.is_empty());
  EXPECT_EQ(waiting_.take(is_any), nullptr);
}

TEST_F(WaitingTasksTest, OfBatchWorkHaveNoTurns) {
  for (const int number : {3, 1, 2, 0})
    waiting_.add(std::make_unique<Numbered>(
        number, Patience{.can_wait = true, .asker = number % 2 == 0 ? "even" : "odd"}));
  EXPECT_FALSE(waiting_.has_interactive());
  waiting_.add(std::make_unique<Numbered>(9, Patience{.asker = "even"}));
  EXPECT_EQ(take(9), (Numbers{9, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace slm::llama
