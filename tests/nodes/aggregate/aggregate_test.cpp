#include "nodes/aggregate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "graph/graph.h"
#include "nodes/aggregate/stores.h"
#include "nodes/builtin.h"
#include "nodes/link/resume.h"
#include "nodes/link/spool_inspection.h"
#include "tests/nodes/aggregate/moments.h"
#include "tests/nodes/link/spool_fixture.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

using namespace std::chrono_literals;
using slm::testing::TemporaryFolder;

constexpr auto kLimit = 60s;

/// What the engine gives a node, in a test's hands.
class Context : public NodeContext {
 public:
  const std::string& node_name() const override { return name_; }
  std::shared_ptr<Resource> model(const std::string&) const override { return nullptr; }
  const PipelineSpec* pipeline() const override { return &pipeline_.spec(); }
  bool is_trial() const override { return is_trial_; }
  std::shared_ptr<Resource> store() const override { return store_; }
  std::stop_token input_ended() const override { return input_ended_.get_token(); }
  std::stop_token leaving() const override { return leaving_.get_token(); }

  Pipeline pipeline_ = [] {
    register_builtin_nodes();
    return Pipeline::parse("pipeline: p\nversion: 1\nentry: held\nnodes: { held: { type: aggregate } }\n",
                           "p.yaml");
  }();
  bool is_trial_ = false;
  std::shared_ptr<link::Custody> store_;
  std::stop_source input_ended_;
  std::stop_source leaving_;

 private:
  std::string name_ = "held";
};

/// A message at the node, and how it leaves.
struct Visitor {
  Message message;
  std::promise<Exit> promise;
  std::future<Exit> exit = promise.get_future();

  bool has_left() const { return exit.wait_for(0s) == std::future_status::ready; }
  /// The kind of the ending, or `goes on`.
  std::string wait() {
    if (exit.wait_for(kLimit) != std::future_status::ready) return "did not leave";
    Exit found = exit.get();
    return found.ending() ? std::string{to_string(*found.ending())} + ": " + found.reason() : "goes on";
  }
};

class AggregateTest : public ::testing::Test {
 protected:
  /// Closed at noon, when the clock begins.
  static aggregate::WindowOptions night() {
    aggregate::WindowOptions window;
    window.hours = aggregate::Hours::parse("22:00-06:00");
    window.zone = aggregate::TimeZone::parse("UTC");
    return window;
  }

  void begin(AggregateOptions options) {
    const aggregate::Surroundings surroundings{.log = [this](const std::string& line) {
      const std::lock_guard lock{mutex_};
      log_.push_back(line);
    }};
    node_ = std::make_unique<AggregateNode>(std::move(options), context_, surroundings, [this] {
      const std::lock_guard lock{mutex_};
      return now_;
    });
  }
  /// In the test's folder.
  std::shared_ptr<link::Custody> open_store(link::SpoolOptions options = {}) {
    options.sync = link::SpoolOptions::Sync::process;
    return link::Custody::open(folder_ / "held.spool", context_.pipeline_, "held", std::move(options));
  }
  std::shared_ptr<Visitor> arrive(Message message = {}) {
    auto visitor = std::make_shared<Visitor>();
    visitor->message = std::move(message);
    visitor->message.trace.push_back({.node = "held"});
    node_->process(visitor->message, [visitor](Exit exit) { visitor->promise.set_value(std::move(exit)); });
    return visitor;
  }
  std::shared_ptr<Visitor> arrive(const std::string& text) {
    Message message;
    message.request.text = text;
    return arrive(std::move(message));
  }
  void set_clock(std::chrono::system_clock::time_point wall, Clock::duration passed = 0s) {
    {
      const std::lock_guard lock{mutex_};
      now_.wall = wall;
      now_.steady += passed;
    }
    node_->look();
  }
  void pass(Clock::duration time) {
    std::chrono::system_clock::time_point wall;
    {
      const std::lock_guard lock{mutex_};
      wall = now_.wall + time;
    }
    set_clock(wall, time);
  }
  std::uint64_t stored() const { return link::summarize_spool(folder_ / "held.spool").entries; }
  std::vector<std::string> log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }
  /// Messages that an earlier run left, as they come in again.
  std::vector<std::shared_ptr<Visitor>> arrive_left() {
    std::vector<std::shared_ptr<Visitor>> visitors;
    for (auto page = context_.store_->read_left(); !page.empty(); page = context_.store_->read_left())
      for (auto& left : page) visitors.push_back(arrive(std::move(left.message)));
    return visitors;
  }
  void end_run() {
    node_.reset();
    context_.store_.reset();
    context_.leaving_ = {};
  }

  TemporaryFolder folder_;
  Context context_;
  std::mutex mutex_;
  link::SpoolTime now_{aggregate::utc(2026, 11, 23, 12, 0), Clock::now()};
  std::vector<std::string> log_;
  std::unique_ptr<AggregateNode> node_;
};

TEST_F(AggregateTest, ReleasesABatchWhenAWindowOpens) {
  begin({.max_items = 2, .max_wait = 100h, .windows = {night()}});
  const auto first = arrive(), second = arrive();
  set_clock(aggregate::utc(2026, 11, 23, 21, 59, 59), 10h - 1s);
  EXPECT_FALSE(first->has_left());
  pass(1s);
  EXPECT_EQ(first->wait(), "goes on");
  EXPECT_EQ(second->wait(), "goes on");
}

TEST_F(AggregateTest, MakesBatchWorkOfWhatItHeldButForItsDeadline) {
  begin({.windows = {night()}, .urgent_before = 1min});
  Message message;
  message.deadline = now_.steady + 1h;
  const auto urgent = arrive(message);
  message.deadline = now_.steady + 24h;
  const auto patient = arrive(message);
  pass(59min);
  EXPECT_EQ(urgent->wait(), "goes on");
  EXPECT_EQ(urgent->message.request.priority, Priority::interactive);
  EXPECT_FALSE(patient->has_left());
  pass(10h);
  EXPECT_EQ(patient->wait(), "goes on");
  EXPECT_EQ(patient->message.request.priority, Priority::batch);
}

TEST_F(AggregateTest, GoesByClocksThatJump) {
  begin({.windows = {night()}, .rate = aggregate::Rate{1}});
  const auto first = arrive();
  set_clock(aggregate::utc(2026, 11, 23, 22, 0));  // though no time has passed
  EXPECT_EQ(first->wait(), "goes on");
  set_clock(aggregate::utc(2026, 11, 23, 12, 0), 1s);
  const auto second = arrive();
  const auto urgent = arrive([] {
    Message message;
    message.deadline = Clock::now() + 1s;
    return message;
  }());
  EXPECT_EQ(urgent->wait(), "goes on") << "the node has looked at the clock since";
  EXPECT_FALSE(second->has_left());
  set_clock(aggregate::utc(2027, 1, 1, 3, 0), 1s);
  EXPECT_EQ(second->wait(), "goes on");
}

TEST_F(AggregateTest, EndsWhatIsHeldAtItsDeadline) {
  begin({.windows = {night()}, .urgent = Urgent::hold});
  Message message;
  message.deadline = now_.steady + 1h;
  const auto visitor = arrive(message), other = arrive();
  pass(1h);
  EXPECT_EQ(visitor->wait(), "expired: its deadline came while it was held");
  EXPECT_FALSE(other->has_left());
  pass(9h);
  EXPECT_EQ(other->wait(), "goes on");
}

TEST_F(AggregateTest, EndsWhatNobodyWantsAnyMore) {
  begin({.windows = {night()}});
  std::stop_source cancelled;
  Message message;
  message.request.cancelled = cancelled.get_token();
  const auto visitor = arrive(message), other = arrive();
  cancelled.request_stop();
  pass(1s);
  EXPECT_EQ(visitor->wait(), "expired: cancelled");
  pass(10h);
  EXPECT_EQ(other->wait(), "goes on");
}

TEST_F(AggregateTest, WaitsForNothingWhenItIsTriedOut) {
  context_.is_trial_ = true;
  context_.store_ = open_store();
  begin({.max_items = 100, .max_wait = 8h, .windows = {night()}});
  EXPECT_TRUE(arrive()->has_left());
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AggregateTest, TellsWhatItWaitsForOnceNothingMoreComes) {
  begin({.max_items = 100, .max_wait = 100h, .windows = {night()}});
  const auto visitor = arrive();
  pass(2s);
  context_.input_ended_.request_stop();
  while (log().empty())
    set_clock(aggregate::utc(2026, 11, 23, 12, 0), 1s);  // so long as more could be coming
  EXPECT_EQ(log(), std::vector<std::string>{"held: holds 1 message until 22:00 UTC"});
  EXPECT_FALSE(visitor->has_left());
  set_clock(aggregate::utc(2026, 11, 23, 22, 0), 1s);
  EXPECT_EQ(visitor->wait(), "goes on") << "the batch is complete";
}

TEST_F(AggregateTest, KeepsOnDiskWhatItHoldsUntilTheOutcomeIsSafe) {
  context_.store_ = open_store();
  begin({.windows = {night()}});
  auto visitor = arrive("a text");
  while (stored() == 0) std::this_thread::yield();
  pass(10h);
  EXPECT_EQ(visitor->wait(), "goes on");
  EXPECT_EQ(visitor->message.request.text, "a text");
  EXPECT_EQ(stored(), 1U);
  visitor.reset();
  end_run();
  EXPECT_EQ(stored(), 0U);
}

TEST_F(AggregateTest, LeavesOnDiskWhatItHoldsWhenTheProcessEnds) {
  context_.store_ = open_store();
  begin({.windows = {night()}});
  Message message;
  message.request.id = "7";
  message.request.text = "a text";
  message.request.fields = {{"from", "Oslo"}};
  message.request.privacy = Privacy::local;
  message.request.tag = "\"7\"";
  message.deadline = Clock::now() + 1h;
  message.answer = {.text = "perhaps", .label = "l", .tier = "small"};
  message.remembered = {{0, message.answer}};
  auto visitor = arrive(message);
  context_.leaving_.request_stop();
  EXPECT_EQ(visitor->wait(), "expired: held for a later run");
  EXPECT_TRUE(visitor->message.is_put_off);
  visitor.reset();
  end_run();
  ASSERT_EQ(stored(), 1U);

  context_.store_ = open_store();
  begin({.windows = {night()}});
  const auto left = arrive_left();
  ASSERT_EQ(left.size(), 1U);
  const Message& again = left[0]->message;
  EXPECT_EQ(again.request.id, "7");
  EXPECT_EQ(again.request.text, "a text");
  EXPECT_EQ(again.request.fields.at("from"), "Oslo");
  EXPECT_EQ(again.request.privacy, Privacy::local) << "or it could be sent away now";
  EXPECT_EQ(again.request.tag, "\"7\"");
  EXPECT_EQ(again.answer.text, "perhaps");
  EXPECT_EQ(again.remembered.at(0).text, "perhaps") << "for `answer_from`";
  const auto remaining = again.deadline - Clock::now();
  EXPECT_TRUE(remaining > 58min && remaining <= 1h);
  pass(10h);
  EXPECT_EQ(left[0]->wait(), "expired: its deadline came while it was held");
}

TEST_F(AggregateTest, HoldsInMemoryWhatIsNotOnDiskWhenTheProcessEnds) {
  begin({.windows = {night()}});
  const auto visitor = arrive();
  context_.leaving_.request_stop();
  pass(1s);
  EXPECT_FALSE(visitor->has_left());
  pass(10h);
  EXPECT_EQ(visitor->wait(), "goes on");
}

TEST_F(AggregateTest, GoesOnWithTheAgeOfWhatAnEarlierRunHeld) {
  {
    const std::lock_guard lock{mutex_};
    now_.wall = std::chrono::system_clock::now();  // as the spool's own clock
  }
  context_.store_ = open_store();
  begin({.max_items = 100, .max_wait = 1h});
  auto visitor = arrive("old");
  context_.leaving_.request_stop();
  EXPECT_EQ(visitor->wait(), "expired: held for a later run");
  visitor.reset();
  end_run();

  context_.store_ = open_store();
  {
    const std::lock_guard lock{mutex_};
    now_.wall += 59min;
  }
  begin({.max_items = 100, .max_wait = 1h});
  const auto left = arrive_left();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_FALSE(left[0]->has_left());
  pass(2min);
  EXPECT_EQ(left[0]->wait(), "goes on");
}

TEST_F(AggregateTest, SendsOnAtOnceWhatAnEarlierRunHadLetGo) {
  context_.store_ = open_store();
  begin({});
  auto visitor = arrive("under way");
  EXPECT_EQ(visitor->wait(), "goes on");
  for (const auto& receipt : visitor->message.receipts) receipt->keep();  // as where the process dies
  visitor.reset();
  end_run();
  ASSERT_EQ(stored(), 1U);

  context_.store_ = open_store();
  begin({.max_items = 100, .max_wait = 8h, .windows = {night()}});
  const auto left = arrive_left();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0]->wait(), "goes on");
}

TEST_F(AggregateTest, HoldsInMemoryWhatItsDiskDoesNotTakeAndSaysSoOnce) {
  link::SpoolOptions full;
  full.max_count = 1;
  context_.store_ = open_store(full);
  begin({.windows = {night()}});
  auto first = arrive("a");
  while (stored() == 0) std::this_thread::yield();
  const auto second = arrive("b"), third = arrive("c");
  pass(10h);
  EXPECT_EQ(second->wait(), "goes on");
  EXPECT_EQ(third->wait(), "goes on");
  EXPECT_EQ(second->message.request.text, "b");
  ASSERT_EQ(log().size(), 1U);
  EXPECT_EQ(log()[0].find("held: what it holds is in memory alone, since its disk does not take it: "), 0U)
      << log()[0];
  EXPECT_EQ(first->wait(), "goes on");
}

TEST_F(AggregateTest, SetsASpoolThatIsDamagedAsideAndGoesOn) {
  context_.store_ = open_store();
  begin({.windows = {night()}});
  std::vector<std::shared_ptr<Visitor>> visitors;
  for (int i = 0; i < 100; ++i) visitors.push_back(arrive(std::string(2000, 'x')));
  context_.leaving_.request_stop();
  for (const auto& visitor : visitors) EXPECT_EQ(visitor->wait(), "expired: held for a later run");
  visitors.clear();
  end_run();
  ASSERT_EQ(stored(), 100U);
  {
    std::fstream file{folder_ / "held.spool", std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(100'000);
    file << std::string(5000, '?');
  }
  std::promise<link::SpoolRepair> repaired;
  link::SpoolOptions options;
  options.on_repaired = [&](const link::SpoolRepair& repair) { repaired.set_value(repair); };
  context_.store_ = open_store(options);
  begin({});
  const auto left = arrive_left();
  auto repair = repaired.get_future();
  ASSERT_EQ(repair.wait_for(kLimit), std::future_status::ready);
  const auto found = repair.get();
  EXPECT_TRUE(std::filesystem::exists(found.set_aside));
  EXPECT_EQ(left.size(), found.saved);
  EXPECT_TRUE(left.size() > 50 && left.size() < 100) << left.size();
  for (const auto& visitor : left) EXPECT_EQ(visitor->wait(), "goes on");
}

/// A graph that holds, as programs embed it.
class AggregateGraph : public ::testing::Test {
 protected:
  AggregateGraph() { register_builtin_nodes(); }
  static Pipeline pipeline(const std::string& options) {
    return Pipeline::parse(
        "pipeline: p\nversion: 1\nentry: held\nnodes: { held: { type: aggregate, " + options + " } }\n",
        "p.yaml");
  }
};

TEST_F(AggregateGraph, WhatIsHeldTakesNoPlaceOfOthers) {
  Graph graph{pipeline("max_items: 1000, max_wait: 24h"), {.max_in_flight = 2}};
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 1000; ++i) outcomes.push_back(graph.submit({.text = std::to_string(i)}));
  for (auto& outcome : outcomes) EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
}

TEST_F(AggregateGraph, TheEndOfTheInputCompletesTheBatch) {
  std::stop_source ended;
  Graph graph{pipeline("max_items: 1000, max_wait: 24h"), {.input_ended = ended.get_token()}};
  auto outcome = graph.submit({.text = "alone"});
  ended.request_stop();
  EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
}

TEST_F(AggregateGraph, KeepsEachNodesMessagesInAFileOfItsOwn) {
  const TemporaryFolder folder;
  const auto two = Pipeline::parse(R"(pipeline: p
version: 1
entry: one
nodes:
  one: { type: aggregate, to: two, max_items: 5, max_wait: 24h }
  two: { type: aggregate, to: three, max_items: 5, max_wait: 24h, spool: elsewhere }
  three: { type: aggregate, durable: false }
)",
                                   folder / "p.yaml");
  {
    const auto stores = aggregate::open_stores(two, {.folder = folder / "spools"});
    EXPECT_EQ(stores.size(), 2U);
    EXPECT_TRUE(std::filesystem::exists(folder / "elsewhere/two.held.spool"));
    GraphOptions options;
    options.stores = {stores.begin(), stores.end()};
    Graph graph{two, options};
    std::vector<std::future<Outcome>> outcomes;
    for (int i = 0; i < 5; ++i) outcomes.push_back(graph.submit({.text = std::to_string(i)}));
    for (auto& outcome : outcomes) EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
  }
  EXPECT_EQ(link::summarize_spool(folder / "spools/one.held.spool").entries, 0U);
  EXPECT_EQ(link::summarize_spool(folder / "elsewhere/two.held.spool").entries, 0U);
  const auto stores = aggregate::open_stores(two, {.folder = folder / "spools", .is_override = true});
  EXPECT_TRUE(std::filesystem::exists(folder / "spools/two.held.spool"));
}

}  // namespace
}  // namespace slm
