#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/graph/engine/random_plan.h"

namespace slm::test {
namespace {

constexpr std::size_t kRequests = 240;
constexpr std::size_t kSubmitters = 3;

/// What the callbacks saw, to be held against what the engine says.
struct Seen {
  std::array<std::atomic<int>, kRequests> callbacks{};
  std::array<std::atomic<std::uint64_t>, 5> kinds{};
  std::atomic<int> without_reason = 0;

  void take(std::size_t request, const Outcome& outcome) {
    EXPECT_EQ(outcome.id, std::to_string(request));
    ++callbacks[request];
    ++kinds[static_cast<std::size_t>(outcome.kind)];
    const bool by_design = outcome.kind == OutcomeKind::answered || outcome.kind == OutcomeKind::rejected;
    if (by_design != outcome.reason.empty()) ++without_reason;
  }
};

class EngineConservation : public ::testing::TestWithParam<unsigned> {
 protected:
  void submit_all(Engine& engine, const RandomPlan& random, Seen& seen, const std::shared_ptr<int>& held) {
    std::vector<std::jthread> submitters;
    for (std::size_t part = 0; part < kSubmitters; ++part) {
      submitters.emplace_back([&, part] {
        std::mt19937 dice{GetParam() * 31U + static_cast<unsigned>(part)};
        for (auto i = part; i < kRequests; i += kSubmitters) {
          Request request{
              .id = std::to_string(i), .text = std::to_string(i), .cancelled = random.cancelled(i)};
          if (dice() % 4 == 0) request.timeout = std::chrono::milliseconds{dice() % 3};
          engine.submit(std::move(request), [&seen, i, held](const Outcome& outcome) {
            seen.take(i, outcome);
            if (i % 16 == 0) throw i;
          });
          if (GetParam() % 5 == 0 && i == kRequests / 2) engine.cancel();
        }
      });
    }
  }

  static void expect_to_add_up(const Counts& counts) {
    ASSERT_EQ(counts.submitted, counts.answered + counts.rejected + counts.abstained + counts.expired +
                                    counts.failed + counts.in_flight);
  }
};

TEST_P(EngineConservation, EveryRequestHasExactlyOneOutcome) {
  RandomPlan random{GetParam(), kRequests};
  Seen seen;
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> leaked = held;
  const std::size_t bound = 1 + GetParam() % 17;
  Engine engine{
      random.make(),
      {.max_in_flight = bound, .threads = 1 + static_cast<int>(GetParam() % 4), .time = random.clock()}};
  {
    std::jthread watcher{[&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto counts = engine.counts();
        expect_to_add_up(counts);
        ASSERT_LE(counts.in_flight, bound);
        std::this_thread::yield();
      }
    }};
    submit_all(engine, random, seen, held);
    engine.drain();
  }
  held.reset();
  EXPECT_TRUE(leaked.expired()) << "a callback was kept";

  for (std::size_t i = 0; i < kRequests; ++i) EXPECT_EQ(seen.callbacks[i], 1) << "request " << i;
  EXPECT_EQ(seen.without_reason, 0);
  const auto counts = engine.counts();
  expect_to_add_up(counts);
  EXPECT_EQ(counts.submitted, kRequests);
  EXPECT_EQ(counts.in_flight, 0U);
  const auto of = [&](OutcomeKind kind) { return seen.kinds[static_cast<std::size_t>(kind)].load(); };
  EXPECT_EQ(counts.answered, of(OutcomeKind::answered));
  EXPECT_EQ(counts.rejected, of(OutcomeKind::rejected));
  EXPECT_EQ(counts.abstained, of(OutcomeKind::abstained));
  EXPECT_EQ(counts.expired, of(OutcomeKind::expired));
  EXPECT_EQ(counts.failed, of(OutcomeKind::failed));
}

INSTANTIATE_TEST_SUITE_P(Seeds, EngineConservation, ::testing::Range(0U, 60U));

}  // namespace
}  // namespace slm::test
