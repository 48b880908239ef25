#include <gtest/gtest.h>

#include <algorithm>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

/// Threads on which messages were worked on that entered one after the other, each taking `time`.
std::vector<std::thread::id> threads_of_entered(Clock::duration time, std::size_t count) {
  const auto clock = std::make_shared<ManualClock>();
  std::vector<std::thread::id> threads;
  Engine engine{plan(step("first", {to(1)}), step("second", {open()},
                                                  [&](Message&) {
                                                    threads.push_back(std::this_thread::get_id());
                                                    clock->advance(time);
                                                    return Exit::by(0);
                                                  })),
                {.time = clock}};
  for (std::size_t i = 0; i < count; ++i) {
    std::promise<Outcome> ended;
    engine.enter({}, 1, [&](Outcome outcome) { ended.set_value(std::move(outcome)); });
    const Outcome outcome = ended.get_future().get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered);
    EXPECT_EQ(outcome.trace.size(), 1U);
    engine.drain();  // what is measured is noted
  }
  return threads;
}

TEST(EngineEnter, WorksOnTheCallersThreadOnceThatHasBeenQuick) {
  const auto threads = threads_of_entered(std::chrono::microseconds{5}, 100);
  EXPECT_NE(threads.front(), std::this_thread::get_id()) << "nobody knows yet how long it takes";
  EXPECT_EQ(threads.back(), std::this_thread::get_id());
}

TEST(EngineEnter, KeepsTheCallersThreadFreeOfWhatIsSlow) {
  const auto threads = threads_of_entered(std::chrono::milliseconds{1}, 100);
  EXPECT_EQ(std::ranges::count(threads, std::this_thread::get_id()), 0);
}

}  // namespace
}  // namespace slm::test
