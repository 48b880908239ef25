#include "nodes/link/callee.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/nodes/link/two_processes.h"

namespace slm::link {
namespace {

/// Has as much room as the test gives it.
class CountingDoer : public Doer {
 public:
  bool try_do(Work& work) override {
    if (room == 0) return false;
    --room;
    taken.push_back(work.id.sequence());
    return true;
  }
  std::size_t room = 0;
  std::vector<std::uint64_t> taken;
};

/// A callee, and callers that the test plays.
class CalleeTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kWindow = 4;

  void greet(std::uint64_t instance = 1) {
    wire::HelloT hello;
    hello.protocol_min = hello.protocol_max = kProtocol;
    hello.pipeline = "test";
    hello.process = "edge";
    hello.to = "cloud";
    hello.instance_low = instance;
    hello.nodes = {"a", "b"};
    receive(packet(std::move(hello)), instance);
  }
  void call(std::uint64_t epoch, std::uint64_t sequence, std::uint64_t instance = 1, bool is_batch = false) {
    wire::CallsT calls;
    calls.calls.push_back(std::make_unique<wire::CallT>());
    calls.calls.back()->id = {0, instance, epoch, sequence};
    calls.calls.back()->node = 1;
    calls.calls.back()->is_batch = is_batch;
    calls.calls.back()->answer = std::make_unique<wire::AnswerT>();
    const auto text = Payload{"text"};
    receive(packet(std::move(calls), {text, text}), instance);
  }
  void finish(std::uint64_t epoch, std::uint64_t sequence, std::uint64_t instance = 1) {
    CarriedReply reply;
    reply.header.answer = std::make_unique<wire::AnswerT>();
    reply.payloads.push_back(Payload{"answer"});
    callee_.finished({0, instance, epoch, sequence}, std::move(reply));
    callee_.flush(Clock::now());
  }
  void cancel(std::uint64_t epoch, std::uint64_t sequence) {
    wire::CancelsT cancels;
    cancels.ids.push_back({0, 1, epoch, sequence});
    receive(packet(std::move(cancels)), 1);
  }
  void receive(Packet packet, std::uint64_t instance) {
    callee_.receive("peer" + std::to_string(instance), "", std::move(packet), Clock::now());
    callee_.flush(Clock::now());
  }

  /// The calls that have been replied to since this was last asked.
  std::vector<std::uint64_t> replied() {
    std::vector<std::uint64_t> ids;
    for (Packet& packet : packets_)
      if (const auto* replies = packet.body.AsReplies())
        for (const auto& reply : replies->replies) ids.push_back(reply->id.sequence());
    packets_.clear();
    return ids;
  }

  const Pipeline pipeline_ = two_processes();
  CountingDoer doer_;
  std::vector<Packet> packets_;
  std::vector<std::string> log_;
  Callee callee_{pipeline_.spec(),
                 [] {
                   CalleeOptions options;
                   options.process = "cloud";
                   options.callers = {"edge"};
                   options.window = kWindow;
                   options.batch_window = kWindow;
                   return options;
                 }(),
                 doer_, [this](const RoutingId&, Packet packet) { packets_.push_back(std::move(packet)); },
                 [this](std::string line) { log_.push_back(std::move(line)); }};
};

using Ids = std::vector<std::uint64_t>;

TEST_F(CalleeTest, DoesACallOnceHoweverOftenItComes) {
  doer_.room = 10;
  greet();
  call(1, 1);
  call(1, 1);
  finish(1, 1);
  call(1, 1);
  EXPECT_EQ(doer_.taken, Ids{1});
  EXPECT_EQ(replied(), (Ids{1, 1}));
}

TEST_F(CalleeTest, IgnoresWhatIsFarBeyondTheWindow) {
  greet();
  for (std::uint64_t id = 1; id <= 3 * kWindow; ++id) call(1, id);
  EXPECT_EQ(callee_.stats().violations, kWindow);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(CalleeTest, GivesRoomToCallersInTurn) {
  for (std::uint64_t instance = 1; instance <= 2; ++instance) {
    greet(instance);
    for (std::uint64_t id = 1; id <= 3; ++id) call(1, 10 * instance + id, instance);
  }
  doer_.room = 6;
  callee_.flush(Clock::now());
  EXPECT_EQ(doer_.taken, (Ids{11, 21, 12, 22, 13, 23}));
}

TEST_F(CalleeTest, GoesOnWithACallerThatIsKilledAgainAndAgain) {
  doer_.room = 1000;
  std::uint64_t id = 0;
  for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
    greet();
    for (std::uint32_t i = 0; i < kWindow; ++i) call(epoch, ++id);
    // It is killed before it has acknowledged any.
    for (std::uint32_t i = 0; i < kWindow; ++i) finish(epoch, id - i);
    EXPECT_EQ(replied().size(), kWindow);
  }
  EXPECT_EQ(callee_.stats().violations, 0U);
  EXPECT_LE(callee_.stats().kept_replies, 100U);
}

TEST_F(CalleeTest, DoesBatchWorkWhenNothingElseWaits) {
  greet(1);
  greet(2);
  for (std::uint64_t id = 1; id <= 4; ++id) call(1, id, 1, true);
  for (std::uint64_t id = 5; id <= 6; ++id) call(1, id, 2);
  call(1, 7, 1);
  doer_.room = 4;
  callee_.flush(Clock::now());
  EXPECT_EQ(doer_.taken, (Ids{5, 7, 6, 1}));
}

TEST_F(CalleeTest, HasAWindowForBatchWorkBesideTheOther) {
  greet();
  for (std::uint64_t id = 1; id <= 2 * kWindow + 3; ++id) call(1, id, 1, true);
  EXPECT_EQ(callee_.stats().violations, 3U);
  for (std::uint64_t id = 101; id <= 100 + kWindow; ++id) call(1, id);
  EXPECT_EQ(callee_.stats().violations, 3U);
}

TEST_F(CalleeTest, DoesACallAgainThatWasAcknowledgedAndComesAgain) {
  doer_.room = 1000;
  greet();
  call(1, 1);
  finish(1, 1);
  wire::AcksT acks;
  acks.ids.push_back({0, 1, 1, 1});
  receive(packet(std::move(acks)), 1);
  call(1, 1);  // it is open, while many others come and go unacknowledged
  for (std::uint64_t id = 2; id <= 200; ++id) {
    call(1, id);
    finish(1, id);
  }
  replied();
  finish(1, 1);
  EXPECT_EQ(replied(), Ids{1});
  EXPECT_TRUE(callee_.is_idle());
}

TEST_F(CalleeTest, DoesACallAnewThatWasCalledOffAndComesAgain) {
  doer_.room = 10;
  greet();
  call(1, 1);
  cancel(1, 1);
  finish(1, 1);
  greet();  // restarted, with the same call in its spool
  call(1, 1);
  EXPECT_EQ(doer_.taken, (Ids{1, 1}));
  finish(1, 1);
  EXPECT_EQ(replied(), Ids{1});
  EXPECT_TRUE(callee_.is_idle());
}

TEST_F(CalleeTest, DoesACallAnewThatComesAgainBeforeItsCallingOffIsDone) {
  doer_.room = 10;
  greet();
  call(1, 1);
  cancel(1, 1);
  greet();
  call(1, 1);
  call(1, 1);
  EXPECT_EQ(doer_.taken, Ids{1});
  finish(1, 1);
  EXPECT_EQ(replied(), Ids{});
  EXPECT_EQ(doer_.taken, (Ids{1, 1}));
  finish(1, 1);
  EXPECT_EQ(replied(), Ids{1});
  EXPECT_TRUE(callee_.is_idle());
}

TEST_F(CalleeTest, OpensTheWindowForCallsThatWereCalledOff) {
  doer_.room = 1000;
  greet();
  for (std::uint64_t id = 1; id <= 100; ++id) {
    call(1, id);
    cancel(1, id);
    finish(1, id);
  }
  EXPECT_EQ(callee_.stats().violations, 0U);
  EXPECT_EQ(callee_.stats().kept_replies, 0U);
}

TEST_F(CalleeTest, ForgetsWhatItHasNotBegunForACallerThatComesAnew) {
  for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
    greet();
    for (std::uint64_t id = 1; id <= kWindow; ++id) call(epoch, id);
  }
  EXPECT_EQ(callee_.stats().violations, 0U);
  doer_.room = 1000;
  callee_.flush(Clock::now());
  EXPECT_EQ(doer_.taken, (Ids{1, 2, 3, 4}));
}

}  // namespace
}  // namespace slm::link
