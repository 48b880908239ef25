#include <gtest/gtest.h>

#include <latch>

#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

TEST(SeveralEngines, OfOneProcessHaveThreadsOfTheirOwn) {
  constexpr int kThreads = 4;
  std::latch may_end{1};
  const auto busy_plan = [&] {
    return plan(step("busy", {open()}, [&](Message&) {
      may_end.wait();
      return Exit::by(0);
    }));
  };
  Engine one{busy_plan(), {.threads = kThreads}};
  Engine another{busy_plan(), {.threads = kThreads}};
  for (int i = 0; i < kThreads; ++i) {
    one.submit({}, nullptr);
    another.submit({}, nullptr);
  }
  Outcomes outcomes;
  {
    Engine third{plan(step("quick", {open()})), {.threads = 1}};
    third.submit({}, outcomes.callback());
    EXPECT_EQ(outcomes.wait_for(1).size(), 1U);
    may_end.count_down();
  }
}

}  // namespace
}  // namespace slm::test
