#include "graph/engine/admissions.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/graph/engine/test_plan.h"

namespace slm::engine {
namespace {

bool put(Admissions& admissions, int number) {
  return admissions.put({.id = std::to_string(number)}, {}, {}, {});
}

TEST(Admissions, CallsOneTakerUntilItHasTaken) {
  Admissions admissions{1};
  EXPECT_TRUE(put(admissions, 0));
  EXPECT_FALSE(put(admissions, 1)) << "somebody is on the way";
  while (admissions.take().leaves_more) {
  }
  EXPECT_TRUE(put(admissions, 2));
}

TEST(Admissions, GivesEverythingOutOnceAndInOrder) {
  Admissions admissions{2};
  int next_in = 0;
  int next_out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < round; ++i) put(admissions, next_in++);
    for (const auto& submission : admissions.take().submissions) {
      EXPECT_EQ(submission.request.id, std::to_string(next_out++));
    }
  }
  for (bool more = true; more;) {
    const auto share = admissions.take();
    more = share.leaves_more;
    for (const auto& submission : share.submissions)
      EXPECT_EQ(submission.request.id, std::to_string(next_out++));
  }
  EXPECT_EQ(next_out, next_in);
  EXPECT_TRUE(admissions.take().submissions.empty());
}

TEST(Admissions, LeavesAsMuchForTheOtherThreads) {
  Admissions admissions{4};
  for (int i = 0; i < 4; ++i) put(admissions, i);
  EXPECT_EQ(admissions.take().submissions.size(), 1U) << "few wait: one for each thread";
  for (int i = 0; i < 1000; ++i) put(admissions, i);
  std::size_t largest = 0;
  for (bool more = true; more;) {
    const auto share = admissions.take();
    more = share.leaves_more;
    largest = std::max(largest, share.submissions.size());
  }
  EXPECT_EQ(largest, 16U);
}

TEST(Admissions, AnEngineOfOneThreadKeepsTheOrder) {
  test::Outcomes outcomes;
  Engine engine{test::plan(test::step("only", {test::open()})), {.threads = 1}};
  for (int i = 0; i < 500; ++i) engine.submit({}, outcomes.callback());
  const auto ended = outcomes.wait_for(500);
  ASSERT_EQ(ended.size(), 500U);
  for (std::size_t i = 0; i < ended.size(); ++i) EXPECT_EQ(ended[i].id, std::to_string(i + 1));
}

}  // namespace
}  // namespace slm::engine
