#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

TEST(EngineBound, TrySubmitRefusesWhenFullAndLeavesItsArguments) {
  const Held held;
  Outcomes outcomes;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 2}};
  engine.submit({}, outcomes.callback());
  engine.submit({}, outcomes.callback());

  Request request{.id = "third", .text = "kept"};
  auto callback = outcomes.callback();
  EXPECT_FALSE(engine.try_submit(request, callback));
  EXPECT_EQ(request.id, "third");
  EXPECT_EQ(request.text, "kept");
  EXPECT_TRUE(callback);
  EXPECT_EQ(engine.counts().submitted, 2U);

  ASSERT_TRUE(held.wait_for(2));
  held.release(0);
  outcomes.wait_for(1);
  EXPECT_TRUE(engine.try_submit(request, callback));
  ASSERT_TRUE(held.wait_for(3));
  held.release(1);
  held.release(2);
}

TEST(EngineBound, SubmitBlocksUntilThereIsRoom) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 1}};
  engine.submit({}, nullptr);
  ASSERT_TRUE(held.wait_for(1));

  std::promise<void> second_is_in;
  std::jthread submitter{[&] {
    engine.submit({}, nullptr);
    second_is_in.set_value();
  }};
  auto is_in = second_is_in.get_future();
  EXPECT_EQ(is_in.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  held.release(0);
  EXPECT_EQ(is_in.wait_for(kLimit), std::future_status::ready);
  ASSERT_TRUE(held.wait_for(2));
  held.release(1);
}

TEST(EngineBound, LetsOthersGoOnWhileAMessageIsParked) {
  const Held held;
  Outcomes outcomes;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 1}};
  engine.submit({}, outcomes.callback());
  ASSERT_TRUE(held.wait_for(1));
  park(held.message(0));
  park(held.message(0));
  Request second;
  auto callback = outcomes.callback();
  EXPECT_TRUE(engine.try_submit(second, callback));
  ASSERT_TRUE(held.wait_for(2));
  EXPECT_EQ(engine.counts().in_flight, 2U);
  Request third;
  EXPECT_FALSE(engine.try_submit(third, callback)) << "only the first one is parked";
  held.release(1);
  outcomes.wait_for(1);

  std::promise<void> drained;
  std::jthread drainer{[&] {
    engine.drain();
    drained.set_value();
  }};
  auto is_drained = drained.get_future();
  EXPECT_EQ(is_drained.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout)
      << "what is parked is waited for";
  held.release(0);
  EXPECT_EQ(is_drained.wait_for(kLimit), std::future_status::ready);
  outcomes.wait_for(2);
  EXPECT_TRUE(engine.try_submit(third, callback));
  ASSERT_TRUE(held.wait_for(3));
  held.release(2);
}

TEST(EngineBound, IsNeverExceeded) {
  constexpr std::size_t kBound = 7;
  std::atomic<std::size_t> inside = 0;
  std::atomic<std::size_t> most = 0;
  Engine engine{plan(step("in", {to(1)},
                          [&](Message&) {
                            const auto now = ++inside;
                            auto before = most.load();
                            while (before < now && !most.compare_exchange_weak(before, now)) {
                            }
                            return Exit::by(0);
                          }),
                     step("out", {open()},
                          [&](Message&) {
                            --inside;
                            return Exit::by(0);
                          })),
                {.max_in_flight = kBound, .threads = 4}};
  std::vector<std::jthread> submitters;
  for (int thread = 0; thread < 4; ++thread) {
    submitters.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) engine.submit({}, nullptr);
    });
  }
  submitters.clear();
  engine.drain();
  EXPECT_LE(most, kBound);
  EXPECT_EQ(engine.counts().answered, 8000U);
}

TEST(EngineBound, OneAtATimeWorks) {
  Outcomes outcomes;
  Engine engine{plan(step("a", {to(1)}), step("b", {open()})), {.max_in_flight = 1}};
  for (int i = 0; i < 500; ++i) engine.submit({}, outcomes.callback());
  engine.drain();
  EXPECT_EQ(outcomes.size(), 500U);
}

TEST(EngineBound, ACallbackMaySubmitItsSuccessor) {
  Engine engine{plan(step("only", {open()})), {.max_in_flight = 1}};
  std::atomic<int> left = 200;
  std::atomic<int> refused = 0;
  Engine::Callback again = [&](Outcome) {
    if (--left == 0) return;
    Request request;
    auto callback = again;
    if (!engine.try_submit(request, callback)) ++refused;
  };
  engine.submit({}, again);
  engine.drain();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(engine.counts().answered, 200U);
}

TEST(EngineBound, DrainWaitsForCallbacksAndWhatTheyHold) {
  Engine engine{plan(step("only", {open()})), {}};
  std::weak_ptr<int> held;
  for (int i = 0; i < 200; ++i) {
    auto resource = std::make_shared<int>(i);
    held = resource;
    std::atomic<bool> ran = false;
    engine.submit({}, [resource, &ran](Outcome) { ran = true; });
    resource.reset();
    engine.drain();
    ASSERT_TRUE(ran);
    ASSERT_TRUE(held.expired());
  }
}

TEST(EngineBound, CountsAddUpAtEveryMoment) {
  Engine engine{plan(step("ends", {open(), open(OutcomeKind::rejected), open(OutcomeKind::abstained)},
                          [](Message& message) -> Exit {
                            const auto what = message.request.text.size() % 5;
                            if (what == 3) throw 3;
                            if (what == 4) return Exit::expire("enough");
                            return Exit::by(what);
                          })),
                {.max_in_flight = 16, .threads = 2}};
  const std::string letters(5, 'x');
  std::jthread submitter{[&](const std::stop_token& stop) {
    for (std::size_t i = 0; !stop.stop_requested(); ++i)
      engine.submit({.text = letters.substr(i % 5)}, nullptr);
  }};
  Counts last;
  for (int i = 0; i < 20'000 || last.submitted < 1000; ++i) {
    const auto now = engine.counts();
    ASSERT_EQ(now.submitted,
              now.answered + now.rejected + now.abstained + now.expired + now.failed + now.in_flight);
    ASSERT_LE(now.in_flight, 16U);
    ASSERT_GE(now.submitted, last.submitted);
    ASSERT_GE(now.failed, last.failed);
    last = now;
  }
  submitter.request_stop();
  submitter.join();
  engine.drain();
  EXPECT_EQ(engine.counts().in_flight, 0U);
}

TEST(EngineBound, DestructionWaitsForWhatIsInFlight) {
  Outcomes outcomes;
  const Held held;
  std::jthread releaser;
  {
    Engine engine{plan(async_step("model", {open()}, held)), {}};
    for (int i = 0; i < 10; ++i) engine.submit({}, outcomes.callback());
    releaser = std::jthread{[&] {
      held.wait_for(10);
      held.release_all();
    }};
  }
  EXPECT_EQ(outcomes.size(), 10U);
}

}  // namespace
}  // namespace slm::test
