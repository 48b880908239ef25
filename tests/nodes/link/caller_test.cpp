#include "nodes/link/caller.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/nodes/link/two_processes.h"

namespace slm::link {
namespace {

/// A caller, and a callee that the test plays.
class CallerTest : public ::testing::Test {
 protected:
  void add(std::uint64_t sequence, bool waits = true, bool is_batch = false) {
    OutgoingCall call;
    call.waits = waits;
    call.on_wait = [this, sequence] { waiting_.push_back(sequence); };
    call.key = {0, sequence};
    call.call.header.answer = std::make_unique<wire::AnswerT>();
    call.call.header.is_batch = is_batch;
    call.call.text = call.call.answer = Payload{"text"};
    call.done = [this, sequence](const CallResult& result, const auto&) {
      if (const auto* failed = std::get_if<CallFailed>(&result)) failed_[sequence] = failed->reason;
      if (const auto* unreached = std::get_if<OutOfReach>(&result)) failed_[sequence] = unreached->reason;
      if (std::holds_alternative<Returned>(result)) returned_.push_back(sequence);
    };
    caller_.add(std::move(call));
  }

  /// Another process takes the place of the last one.
  void begin_callee(std::uint32_t window, std::uint32_t batch_window = 0) {
    caller_.connected(now_);
    wire::WelcomeT welcome;
    welcome.protocol = kProtocol;
    welcome.process = "cloud";
    welcome.instance_low = ++callees_;
    welcome.window = window;
    welcome.batch_window = batch_window;
    welcome.heartbeat_ms = 3'600'000;
    welcome.max_payload = 1000;
    welcome.nodes = {"a", "b"};
    caller_.receive(packet(std::move(welcome)), now_);
    caller_.flush(now_);
  }
  void kill_callee() { caller_.disconnected(now_); }

  /// What has been sent since this was last asked.
  std::vector<std::uint64_t> sent() {
    std::vector<std::uint64_t> ids;
    for (Packet& packet : packets_)
      if (const auto* calls = packet.body.AsCalls())
        for (const auto& call : calls->calls) ids.push_back(call->id.sequence());
    packets_.clear();
    return ids;
  }

  void reply(std::uint64_t sequence, wire::Ending ending = wire::Ending::answered) {
    wire::RepliesT replies;
    replies.replies.push_back(std::make_unique<wire::ReplyT>());
    replies.replies.back()->ending = ending;
    replies.replies.back()->id = {options_.instance.high, options_.instance.low, 0, sequence};
    replies.replies.back()->answer = std::make_unique<wire::AnswerT>();
    caller_.receive(packet(std::move(replies), {Payload{"answer"}}), now_);
    caller_.flush(now_);
  }
  void pass(std::chrono::milliseconds time) {
    now_ += time;
    caller_.tick(now_);
    caller_.flush(now_);
  }

  const Pipeline pipeline_ = two_processes();
  const ClientOptions options_ = [] {
    ClientOptions options;
    options.process = "edge";
    options.callee = "cloud";
    options.heartbeat = std::chrono::hours{1};
    options.breaker = {.failures = 3, .retry_after = std::chrono::milliseconds{1000}};
    return options;
  }();
  Clock::time_point now_ = Clock::now();
  std::vector<Packet> packets_;
  Caller caller_{pipeline_, options_, [this](Packet packet) { packets_.push_back(std::move(packet)); }};
  std::uint64_t callees_ = 0;
  std::map<std::uint64_t, std::string> failed_;
  std::vector<std::uint64_t> returned_;
  std::vector<std::uint64_t> waiting_;  ///< calls that were told that they wait
};

using Ids = std::vector<std::uint64_t>;

TEST_F(CallerTest, SendsInteractiveCallsFirstAndBatchWorkInAWindowOfItsOwn) {
  for (std::uint64_t id = 1; id <= 5; ++id) add(id, true, true);
  for (std::uint64_t id = 6; id <= 8; ++id) add(id);
  begin_callee(2, 3);
  EXPECT_EQ(sent(), (std::vector<std::uint64_t>{6, 7, 1, 2, 3}));
  reply(1);
  EXPECT_EQ(sent(), (std::vector<std::uint64_t>{4}));
  reply(7);
  EXPECT_EQ(sent(), (std::vector<std::uint64_t>{8}));
}

TEST_F(CallerTest, SendsABatchInOnePacket) {
  for (std::uint64_t id = 1; id <= 256; ++id) add(id, true, true);
  begin_callee(64, 1024);
  const auto calls = std::ranges::count_if(
      packets_, [](const Packet& packet) { return packet.body.type == wire::Body::Calls; });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(sent().size(), 256U);
}

TEST_F(CallerTest, TakesACalleeWithoutPrioritiesForOneWithEqualWindows) {
  for (std::uint64_t id = 1; id <= 3; ++id) add(id, true, true);
  begin_callee(2);
  EXPECT_EQ(sent(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(CallerTest, SendsAsManyAsTheWindowHolds) {
  for (std::uint64_t id = 1; id <= 5; ++id) add(id);
  begin_callee(3);
  EXPECT_EQ(sent(), (Ids{1, 2, 3}));
  reply(2);
  EXPECT_EQ(sent(), Ids{4});
  EXPECT_EQ(returned_, Ids{2});
}

TEST_F(CallerTest, TakesNoReplyOfACalleeThatHasNotWelcomedIt) {
  add(1);
  caller_.connected(Clock::now());
  EXPECT_THROW(reply(1), MalformedPacket);
  begin_callee(8);
  kill_callee();
  caller_.connected(Clock::now());
  EXPECT_THROW(reply(1), MalformedPacket);
  EXPECT_EQ(returned_, Ids{});
}

TEST_F(CallerTest, SendsAllAgainToACalleeThatItFindsAgain) {
  for (std::uint64_t id = 1; id <= 3; ++id) add(id);
  begin_callee(8);
  sent();
  kill_callee();
  --callees_;  // it was only the connection
  begin_callee(8);
  EXPECT_EQ(sent(), (Ids{1, 2, 3}));
}

TEST_F(CallerTest, SendsThoseThatACalleeMayHaveDiedOfAloneAndFirst) {
  for (std::uint64_t id = 1; id <= 2; ++id) add(id);
  begin_callee(8);
  kill_callee();
  add(3);
  sent();
  begin_callee(8);
  EXPECT_EQ(sent(), Ids{1});
  reply(1);
  EXPECT_EQ(sent(), Ids{2});
  reply(2);
  EXPECT_EQ(sent(), Ids{3});
}

TEST_F(CallerTest, FailsAPoisonousCallAfterFiveDeathsAndNoOther) {
  for (std::uint64_t id = 1; id <= 5; ++id) add(id);
  constexpr std::uint64_t kPoison = 3;
  int deaths = 0;
  begin_callee(8);
  for (auto open = sent(); !open.empty(); open = sent()) {
    if (std::ranges::count(open, kPoison) > 0) {
      ASSERT_LE(++deaths, 5);
      kill_callee();
      begin_callee(8);
    } else {
      for (const auto id : open) reply(id);
    }
  }
  EXPECT_EQ(deaths, 5);
  EXPECT_EQ(failed_, (std::map<std::uint64_t, std::string>{
                         {kPoison, "process `cloud` died 5 times while it had this message"}}));
  EXPECT_EQ(returned_.size(), 4U);
}

TEST_F(CallerTest, FailsNoneOfManyThatACalleeHadByChance) {
  for (std::uint64_t id = 1; id <= 20; ++id) add(id);
  begin_callee(20);
  // Each next callee is killed at once, as where somebody restarts a machine again and again.
  for (int kill = 0; kill < 20; ++kill) {
    kill_callee();
    begin_callee(20);
  }
  EXPECT_EQ(failed_.size(), 0U);
}

TEST_F(CallerTest, KeepsCallsFromACalleeThatGoesOnFailingThem) {
  begin_callee(1);
  for (std::uint64_t id = 1; id <= 6; ++id) add(id);
  pass(std::chrono::milliseconds{0});
  for (std::uint64_t id = 1; id <= 3; ++id) reply(id, wire::Ending::failed);
  EXPECT_EQ(sent(), (Ids{1, 2, 3}));
  EXPECT_EQ(caller_.stats().trips, 1U);

  add(7, false);
  pass(std::chrono::milliseconds{500});
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_NE(failed_[7].find("is not asked, since it failed 3 messages in a row"), std::string::npos);

  EXPECT_EQ(waiting_, (Ids{4, 5, 6})) << "so that others can go on";

  pass(std::chrono::milliseconds{500});
  EXPECT_EQ(sent(), Ids{4}) << "one may try";
  reply(4, wire::Ending::failed);
  pass(std::chrono::milliseconds{1999});
  EXPECT_EQ(sent(), Ids{}) << "it has to wait twice as long";
  pass(std::chrono::milliseconds{1});
  EXPECT_EQ(sent(), Ids{5});
  add(8);
  reply(5);
  EXPECT_EQ(sent(), Ids{6});
  reply(6);
  EXPECT_EQ(sent(), Ids{8});
  EXPECT_EQ(caller_.stats().trips, 1U);
}

TEST_F(CallerTest, TriesACalleeThatFailedCallsWithOneThatDoesNotWait) {
  begin_callee(8);
  for (std::uint64_t id = 1; id <= 3; ++id) add(id);
  pass(std::chrono::milliseconds{0});
  for (std::uint64_t id = 1; id <= 3; ++id) reply(id, wire::Ending::failed);
  sent();
  now_ += std::chrono::milliseconds{1000};
  add(4, false);
  add(5, false);
  pass(std::chrono::milliseconds{20});
  EXPECT_EQ(sent(), Ids{4});
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_TRUE(failed_.contains(5));
}

TEST_F(CallerTest, ThinksNoWorseOfACalleeForWhatItFailedBeforeTheConnectionWasLost) {
  begin_callee(8);
  for (std::uint64_t id = 1; id <= 7; ++id) add(id);
  pass(std::chrono::milliseconds{0});
  for (std::uint64_t id = 1; id <= 3; ++id) reply(id, wire::Ending::failed);
  kill_callee();
  --callees_;  // it was only the connection
  begin_callee(8);
  sent();
  pass(std::chrono::milliseconds{1000});
  EXPECT_EQ(sent(), Ids{4}) << "one may try";
  reply(4, wire::Ending::failed);
  EXPECT_EQ(sent(), Ids{5}) << "at once: the callee may have failed that long ago";
  add(8);
  for (std::uint64_t id = 5; id <= 7; ++id) reply(id, wire::Ending::failed);
  EXPECT_EQ(sent(), (Ids{6, 7, 8}));
  reply(8, wire::Ending::failed);
  add(9);
  pass(std::chrono::milliseconds{1999});
  EXPECT_EQ(sent(), Ids{}) << "that was done now";
  pass(std::chrono::milliseconds{1});
  EXPECT_EQ(sent(), Ids{9});
}

TEST_F(CallerTest, AsksACalleeThatFailsSomeOnly) {
  begin_callee(8);
  for (std::uint64_t id = 1; id <= 30; ++id) {
    add(id);
    pass(std::chrono::milliseconds{0});
    reply(id, id % 3 == 0 ? wire::Ending::answered : wire::Ending::failed);
  }
  EXPECT_EQ(caller_.stats().trips, 0U);
}

}  // namespace
}  // namespace slm::link
