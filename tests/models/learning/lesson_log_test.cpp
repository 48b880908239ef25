#include "models/learning/lesson_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "models/model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::learning {
namespace {

class Lessons : public ::testing::Test {
 protected:
  std::string content() const {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const testing::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_ / "lessons.jsonl";
};

TEST_F(Lessons, AreTheSameAfterARestart) {
  const Lesson plain{"a \"quoted\"\nline", "joy"};
  const Lesson rare{"audited", "fear", 100, 100, true};
  {
    LessonLog log(file_, 10);
    EXPECT_TRUE(log.add(plain));
    EXPECT_TRUE(log.add(rare));
  }
  const LessonLog log(file_, 10);
  EXPECT_EQ(log.lessons(), (std::deque<Lesson>{plain, rare}));
  EXPECT_EQ(log.damaged_lines(), 0U);
}

TEST_F(Lessons, OutliveALineThatWasCutOff) {
  std::ofstream(file_) << R"({"text":"one","label":"joy"})"
                       << "\n"
                       << R"({"text":"two","la)";
  {
    LessonLog log(file_, 10);
    EXPECT_EQ(log.damaged_lines(), 1U);
    EXPECT_TRUE(log.add({"three", "fear"}));
  }
  const LessonLog log(file_, 10);
  EXPECT_EQ(log.lessons(), (std::deque<Lesson>{{"one", "joy"}, {"three", "fear"}}));
  EXPECT_EQ(log.damaged_lines(), 1U);
}

TEST_F(Lessons, AreLeftOutWhereTheirWeightMakesNoSense) {
  std::ofstream(file_) << R"({"text":"one","label":"joy","weight":-1})"
                       << "\n[]\n"
                       << R"({"text":"two","label":"joy","weight":9})"
                       << "\n";
  const LessonLog log(file_, 10);
  EXPECT_TRUE(log.lessons().empty());
  EXPECT_EQ(log.damaged_lines(), 3U);
}

TEST_F(Lessons, AreTheNewestOnlyInMemoryAndInTheFile) {
  LessonLog log(file_, 10);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(log.add({std::to_string(i), "joy"}));
  EXPECT_EQ(log.lessons().size(), 10U);
  EXPECT_EQ(log.lessons().front().text, "990");
  const std::string lines = content();
  EXPECT_LE(std::count(lines.begin(), lines.end(), '\n'), 20);
  EXPECT_EQ(LessonLog(file_, 10).lessons(), log.lessons());
}

TEST_F(Lessons, AreRefusedWhereTheFileCannotBe) {
  std::filesystem::create_directory(file_);
  EXPECT_THROW(LessonLog(file_, 10), ModelError);
}

}  // namespace
}  // namespace slm::learning
