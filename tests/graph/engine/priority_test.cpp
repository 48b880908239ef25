#include <gtest/gtest.h>

#include <thread>

#include "graph/engine/admissions.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {
namespace {

bool try_submit(Engine& engine, Priority priority) {
  Request request{.priority = priority};
  Engine::Callback callback;
  return engine.try_submit(request, callback);
}

TEST(EnginePriority, KeepsAQuarterOfThePlacesFromBatchWork) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 8}};
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(try_submit(engine, Priority::batch));
  EXPECT_FALSE(try_submit(engine, Priority::batch));
  EXPECT_TRUE(try_submit(engine, Priority::interactive));
  EXPECT_TRUE(try_submit(engine, Priority::interactive));
  EXPECT_FALSE(try_submit(engine, Priority::interactive));
  ASSERT_TRUE(held.wait_for(8));
  for (std::size_t i = 0; i < 8; ++i) held.release(i);
}

TEST(EnginePriority, LetsInteractiveWorkHaveAllPlaces) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 4}};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(try_submit(engine, Priority::interactive));
  EXPECT_FALSE(try_submit(engine, Priority::batch));
  ASSERT_TRUE(held.wait_for(4));
  for (std::size_t i = 0; i < 4; ++i) held.release(i);
}

TEST(EnginePriority, BatchWorkHasThePlaceWhereThereIsOneAlone) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 1}};
  EXPECT_TRUE(try_submit(engine, Priority::batch));
  EXPECT_FALSE(try_submit(engine, Priority::interactive));
  ASSERT_TRUE(held.wait_for(1));
  held.release(0);
}

TEST(EnginePriority, WakesBatchWorkAndOthersThatWaitForPlaces) {
  const Held held;
  Engine engine{plan(async_step("model", {open()}, held)), {.max_in_flight = 4}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(try_submit(engine, Priority::batch));
  ASSERT_TRUE(try_submit(engine, Priority::interactive));
  std::atomic<int> submitted = 0;
  const auto submit = [&](Priority priority) {
    engine.submit({.priority = priority}, nullptr);
    ++submitted;
  };
  const std::jthread batch{submit, Priority::batch};
  const std::jthread interactive{submit, Priority::interactive};
  ASSERT_TRUE(held.wait_for(4));
  for (std::size_t i = 0; i < 4; ++i) held.release(i);
  ASSERT_TRUE(held.wait_for(6)) << submitted;
  held.release(4);
  held.release(5);
}

TEST(EnginePriority, AdmitsBatchWorkWhenNothingElseWaits) {
  engine::Admissions admissions{4};
  const auto put = [&](const char* id, Priority priority) {
    admissions.put({.id = id, .priority = priority}, {}, {}, {});
  };
  put("batch 1", Priority::batch);
  put("batch 2", Priority::batch);
  put("interactive 1", Priority::interactive);
  put("interactive 2", Priority::interactive);
  std::vector<std::string> order;
  for (bool more = true; more;) {
    auto share = admissions.take();
    more = share.leaves_more;
    for (const auto& one : share.submissions) order.push_back(one.request.id);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"interactive 1", "interactive 2", "batch 1", "batch 2"}));
}

}  // namespace
}  // namespace slm::test
