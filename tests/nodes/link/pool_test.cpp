#include "nodes/link/pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "graph/registry.h"
#include "nodes/builtin.h"
#include "nodes/link/key_files.h"
#include "nodes/link/process.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::link {
namespace {

using namespace std::chrono_literals;

constexpr int kWindow = 8;                  ///< messages that a worker has at once
constexpr std::chrono::seconds kLimit{30};  ///< for what must happen; far beyond what it takes

/// Answers; but the first message that says `slow` is kept until it is cancelled, and all that say `hold`
/// until they are let go.
class StubbornNode : public AsyncNode {
 public:
  struct Options {
    static Fields<Options> fields() { return {}; }
  };
  StubbornNode(const Options&, const NodeContext&) {}
  void process(Message& message, Done done) override {
    if (message.request.text == "hold") {
      const std::lock_guard lock{mutex()};
      return held().push_back(std::move(done));
    }
    if (message.request.text != "slow" || is_first().exchange(false) == false)
      return done(Exit::as_told(OutcomeKind::answered, {}));
    kept().emplace(message.request.cancelled, [done = std::move(done)] {
      ++cancelled();
      done(Exit::expire("cancelled"));
    });
  }
  static std::atomic<bool>& is_first() {
    static std::atomic<bool> value;
    return value;
  }
  /// How many it let go.
  static int let_go() {
    std::vector<Done> all;
    {
      const std::lock_guard lock{mutex()};
      all.swap(held());
    }
    for (const Done& done : all) done(Exit::as_told(OutcomeKind::answered, {}));
    return static_cast<int>(all.size());
  }
  static std::atomic<int>& cancelled() {
    static std::atomic<int> value;
    return value;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex value;
    return value;
  }
  static std::vector<Done>& held() {
    static std::vector<Done> value;
    return value;
  }
  using Callback = std::stop_callback<std::function<void()>>;
  static std::optional<Callback>& kept() {
    static std::optional<Callback> callback;
    return callback;
  }
};
const Registration<StubbornNode> stubborn{"stubborn", "keeps one message"};

/// Lets every message through.
class StepNode : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next"); }
  };
  StepNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message& message) override {
    message.answer.text += "step ";
    return options_.to;
  }

 private:
  Options options_;
};
const Registration<StepNode> step{"step", "lets through"};

Pipeline pipeline_of(const std::string& workers = "", const std::string& on_unreachable = "spool",
                     const std::filesystem::path& file = "test.yaml", const std::string& keys = "",
                     const std::string& edge_keys = "") {
  register_builtin_nodes();
  return Pipeline::parse(R"(pipeline: test
version: 1
entry: a
processes:
  edge: { )" + edge_keys + R"( }
  cloud: { listen: "tcp://127.0.0.1:5555", )" +
                             keys + R"( workers: { listen: "tcp://127.0.0.1:*", window: )" +
                             std::to_string(kWindow) + workers +
                             R"( } }
nodes:
  a: { type: step, to: b }
  b: { type: step, on: cloud, on_unreachable: )" +
                             on_unreachable + R"(, to: c }
  c: { type: stubborn, on: cloud, on_unreachable: fail }
)",
                         file);
}

ProcessOptions options_of(const std::string& name, const std::map<std::string, std::string>& connect = {}) {
  ProcessOptions options;
  options.name = name;
  if (name == "cloud") options.listen = "tcp://127.0.0.1:*";
  options.connect = connect;
  options.out_of_reach = kLimit;  // a busy machine must not seem to be one out of reach
  return options;
}

/// For tests where a process is to be found out of reach.
ProcessOptions impatient_edge(const std::map<std::string, std::string>& connect) {
  ProcessOptions options = options_of("edge", connect);
  options.out_of_reach = 300ms;
  return options;
}

ProcessOptions worker_of(const Process& cloud) {
  ProcessOptions options = options_of("cloud", {{"cloud", cloud.workers_address()}});
  options.is_worker = true;
  return options;
}

void wait_until(const std::function<bool()>& holds) {
  const auto limit = Clock::now() + kLimit;
  while (!holds() && Clock::now() < limit) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(holds());
}

/// Submits and counts what was answered, by id.
class Counted {
 public:
  void submit(Graph& graph, int count, const std::string& text = "x") {
    for (int i = 0; i < count; ++i) {
      graph.submit({.id = std::to_string(submitted_++), .text = text}, [this](const Outcome& outcome) {
        const std::lock_guard lock{mutex_};
        if (outcome.kind == OutcomeKind::answered) answered_.insert(outcome.id);
      });
    }
  }
  void expect_all_answered_once() {
    const std::lock_guard lock{mutex_};
    EXPECT_EQ(answered_.size(), static_cast<std::size_t>(submitted_));
    EXPECT_EQ((std::set<std::string>{answered_.begin(), answered_.end()}).size(), answered_.size());
  }

 private:
  std::mutex mutex_;
  int submitted_ = 0;
  std::multiset<std::string> answered_;
};

TEST(Pool, SharesMessagesAmongWorkers) {
  const Pipeline pipeline = pipeline_of();
  Process cloud{pipeline, options_of("cloud")};
  Process one{pipeline, worker_of(cloud)};
  Process two{pipeline, worker_of(cloud)};
  wait_until([&] { return cloud.pool_stats().workers == 2; });
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  Counted counted;
  counted.submit(edge.graph(), 2 * kWindow, "hold");
  wait_until([&] { return one.server_stats().calls + two.server_stats().calls == 2U * kWindow; });
  EXPECT_EQ(one.server_stats().calls, std::uint64_t{kWindow});
  EXPECT_EQ(two.server_stats().calls, std::uint64_t{kWindow});
  int let_go = 0;
  wait_until([&] { return (let_go += StubbornNode::let_go()) == 2 * kWindow; });
  edge.graph().drain();
  counted.expect_all_answered_once();
}

TEST(Pool, GivesCallsToIdleWorkersInTurn) {
  const Pipeline pipeline = pipeline_of();
  Process cloud{pipeline, options_of("cloud")};
  Process one{pipeline, worker_of(cloud)};
  Process two{pipeline, worker_of(cloud)};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  const auto calls = [&] { return std::array{one.server_stats().calls, two.server_stats().calls}; };
  const auto has_both = [&] { return calls()[0] > 0 && calls()[1] > 0; };
  for (int i = 0; i < 10'000 && !has_both(); ++i) edge.graph().submit({.text = "x"}).wait();
  const auto before = calls();
  for (int i = 0; i < 10; ++i) edge.graph().submit({.text = "x"}).wait();
  EXPECT_EQ(calls()[0], before[0] + 5);
  EXPECT_EQ(calls()[1], before[1] + 5);
}

TEST(Pool, GivesWorkToOneThatJoinsAndTakesItFromOneThatLeaves) {
  const Pipeline pipeline = pipeline_of();
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  Counted counted;
  auto first = std::make_unique<Process>(pipeline, worker_of(cloud));
  counted.submit(edge.graph(), 500);
  Process second{pipeline, worker_of(cloud)};
  wait_until([&] { return cloud.pool_stats().workers == 2; });
  counted.submit(edge.graph(), 500);
  wait_until([&] { return second.server_stats().calls > 0; });
  first.reset();
  counted.submit(edge.graph(), 500);
  edge.graph().drain();
  counted.expect_all_answered_once();
  wait_until([&] { return cloud.pool_stats().workers == 1; });
  EXPECT_EQ(cloud.pool_stats().poisonous, 0U);
}

TEST(Pool, WaitsForWorkers) {
  const Pipeline pipeline = pipeline_of();
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, impatient_edge({{"cloud", cloud.address()}})};
  auto outcome = edge.graph().submit({.text = "x"});
  EXPECT_EQ(outcome.wait_for(600ms), std::future_status::timeout);
  Process worker{pipeline, worker_of(cloud)};
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  const Outcome found = outcome.get();
  EXPECT_EQ(found.kind, OutcomeKind::answered);
  EXPECT_EQ(found.answer.text, "step step ");
  EXPECT_EQ(found.trace.size(), 4U);  // a, b, c and the link
}

TEST(Pool, IsOutOfReachWithoutWorkers) {
  const Pipeline pipeline = pipeline_of("", "abstain");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, impatient_edge({{"cloud", cloud.address()}})};
  auto worker = std::make_unique<Process>(pipeline, worker_of(cloud));
  wait_until([&] { return edge.graph().submit({.text = "x"}).get().kind == OutcomeKind::answered; });
  worker.reset();
  auto outcome = edge.graph().submit({.text = "x"});
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  const Outcome found = outcome.get();
  EXPECT_EQ(found.kind, OutcomeKind::abstained);
  EXPECT_EQ(found.reason, "b: process `cloud` at " + cloud.address() + " has no workers");
}

TEST(Pool, AsksASecondWorkerWhereTheFirstTakesLong) {
  const Pipeline pipeline = pipeline_of(", hedge_after: 0.95");
  Process cloud{pipeline, options_of("cloud")};
  Process one{pipeline, worker_of(cloud)};
  Process two{pipeline, worker_of(cloud)};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  wait_until([&] { return cloud.pool_stats().workers == 2; });
  Counted counted;
  counted.submit(edge.graph(), 200);
  edge.graph().drain();
  StubbornNode::is_first() = true;
  const int cancelled = StubbornNode::cancelled();
  auto outcome = edge.graph().submit({.text = "slow"});
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
  EXPECT_GE(cloud.pool_stats().hedged, 1U);
  wait_until([&] { return StubbornNode::cancelled() > cancelled; });  // the first one was told to stop
}

TEST(Pool, CancelsAtTheWorker) {
  const Pipeline pipeline = pipeline_of();
  Process cloud{pipeline, options_of("cloud")};
  Process worker{pipeline, worker_of(cloud)};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  StubbornNode::is_first() = true;
  const int cancelled = StubbornNode::cancelled();
  std::stop_source stop;
  auto outcome = edge.graph().submit({.text = "slow", .cancelled = stop.get_token()});
  wait_until([] { return !StubbornNode::is_first(); });
  stop.request_stop();
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::expired);
  wait_until([&] { return StubbornNode::cancelled() > cancelled; });
}

TEST(Pool, GoesOnWithADispatcherThatRestarts) {
  const Pipeline pipeline = pipeline_of();
  ProcessOptions options = options_of("cloud");
  auto cloud = std::make_unique<Process>(pipeline, options);
  options.listen = cloud->address();
  Process edge{pipeline, options_of("edge", {{"cloud", options.listen}})};
  Counted counted;
  for (int round = 0; round < 3; ++round) {
    // The workers' port is another one each time, so they are started anew with it.
    Process worker{pipeline, worker_of(*cloud)};
    counted.submit(edge.graph(), 100);
    cloud.reset();
    cloud = std::make_unique<Process>(pipeline, options);
  }
  Process worker{pipeline, worker_of(*cloud)};
  edge.graph().drain();
  counted.expect_all_answered_once();
}

TEST(Pool, RefusesCallersWhereWorkersConnectAndTheReverse) {
  const Pipeline pipeline = pipeline_of("", "fail");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, impatient_edge({{"cloud", cloud.workers_address()}})};
  const std::string reason = "b: process `cloud` at " + cloud.workers_address() +
                             " is out of reach: it sends messages, and this address is for workers";
  // The first may give up before the edge has been told why.
  wait_until([&] { return edge.graph().submit({.text = "x"}).get().reason == reason; });
  std::mutex mutex;
  std::string log;
  ProcessOptions lost = options_of("cloud", {{"cloud", cloud.address()}});
  lost.is_worker = true;
  lost.log = [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    log += line + '\n';
  };
  Process worker{pipeline, lost};
  wait_until([&] {
    const std::lock_guard lock{mutex};
    return log.find("it is a worker, and this address is for those that send messages") != std::string::npos;
  });
}

/// Keys of an edge, a cloud and a worker in files; the folders let them in.
class SecurePool : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"edge", "cloud", "worker"}) {
      const SecretKey key = new_secret_key();
      write_secret_key(key, folder_ / (std::string{name} + ".key"), Overwrite::yes);
      write_public_key(key.public_key(), folder_ / (std::string{name} + ".pub"), Overwrite::yes);
    }
    for (const char* name : {"edge", "worker"}) {
      const auto in = folder_ / (std::string{name} + "s");
      std::filesystem::create_directory(in);
      std::filesystem::copy_file(folder_ / (std::string{name} + ".pub"), in / (std::string{name} + ".pub"));
    }
  }

  Pipeline pipeline(const std::string& worker_key) const {
    return pipeline_of(
        ", secret_key: " + worker_key + ", authorized_clients: workers", "fail", folder_ / "test.yaml",
        "secret_key: cloud.key, public_key: cloud.pub, authorized_clients: edges,", "secret_key: edge.key");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SecurePool, LetsWorkersInByTheirKeys) {
  Process cloud{pipeline("worker.key"), options_of("cloud")};
  Process worker{pipeline("worker.key"), worker_of(cloud)};
  Process edge{pipeline("worker.key"), options_of("edge", {{"cloud", cloud.address()}})};
  auto outcome = edge.graph().submit({.text = "x"});
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
}

TEST_F(SecurePool, DoesNotTakeAnEdgeForAWorker) {
  Process cloud{pipeline("worker.key"), options_of("cloud")};
  Process worker{pipeline("edge.key"), worker_of(cloud)};
  Process edge{pipeline("edge.key"), impatient_edge({{"cloud", cloud.address()}})};
  auto outcome = edge.graph().submit({.text = "x"});
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::failed);
  EXPECT_EQ(cloud.pool_stats().joined, 0U);
}

}  // namespace
}  // namespace slm::link
