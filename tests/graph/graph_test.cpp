#include "graph/graph.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace slm {
namespace {

using namespace std::chrono_literals;

/// Throws where its option says.
struct ThrowingOptions {
  std::string in;
  Port to;
  static Fields<ThrowingOptions> fields() {
    return Fields<ThrowingOptions>{}
        .optional("in", &ThrowingOptions::in, "phase of its life")
        .optional("to", &ThrowingOptions::to, "next node");
  }
  void enter(const std::string& phase) const {
    if (in == phase) throw std::runtime_error{"thrown in " + phase};
    if (in == phase + " oddly") throw 42;
  }
};

class ThrowingNode : public Node {
 public:
  using Options = ThrowingOptions;
  ThrowingNode(Options options, const NodeContext&) : options_{std::move(options)} {
    options_.enter("constructor");
  }
  Exit process(Message& message) override {
    options_.enter("process");
    message.answer.text += "seen;";
    return options_.to;
  }

 private:
  Options options_;
};

class ThrowingAsyncNode : public AsyncNode {
 public:
  using Options = ThrowingOptions;
  ThrowingAsyncNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  void process(Message&, Done done) override {
    options_.enter("start");
    if (options_.in == "loss") return;
    done(options_.to);
    options_.enter("finish");
  }

 private:
  Options options_;
};

class ThrowingJoin : public JoinNode {
 public:
  using Options = ThrowingOptions;
  ThrowingJoin(Options options, const NodeContext&) : options_{std::move(options)} {}
  bool is_settled(std::span<const Branch> branches, std::size_t expected) const override {
    options_.enter("is_settled");
    return branches.size() == expected;
  }
  Exit join(Message&, std::span<const Branch>) override {
    options_.enter("join");
    return options_.to;
  }

 private:
  Options options_;
};

/// Keeps messages until the test lets them go.
class HeldNode : public AsyncNode {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next node"); }
  };
  HeldNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  void process(Message&, Done done) override {
    const std::lock_guard lock{mutex()};
    held().push_back([done = std::move(done), to = options_.to] { done(to); });
    arrived().notify_all();
  }
  static void wait_for(std::size_t count) {
    std::unique_lock lock{mutex()};
    ASSERT_TRUE(arrived().wait_for(lock, 30s, [&] { return held().size() >= count; }));
  }
  static void release() {
    std::vector<std::function<void()>> all;
    {
      const std::lock_guard lock{mutex()};
      all.swap(held());
    }
    for (const auto& one : all) one();
  }

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  static std::condition_variable& arrived() {
    static std::condition_variable instance;
    return instance;
  }
  static std::vector<std::function<void()>>& held() {
    static std::vector<std::function<void()>> instance;
    return instance;
  }
  Options options_;
};

struct Opened : Resource {};
struct BackendOptions {
  std::string in;
};

ModelType throwing_backend() {
  ModelType type{"throwing", "throws when it is opened",
                 Fields<BackendOptions>{}.required("in", &BackendOptions::in, "how").list()};
  type.make_options = [] { return std::make_shared<BackendOptions>(); };
  type.open = [](const void* options, const ModelSurroundings&) -> std::shared_ptr<Resource> {
    if (static_cast<const BackendOptions*>(options)->in == "oddly") throw 42;
    throw std::runtime_error{"thrown in open"};
  };
  type.serves = {"using"};
  return type;
}

class UsingNode : public Node {
 public:
  struct Options {
    ModelRef model;
    static Fields<Options> fields() { return Fields<Options>{}.required("model", &Options::model, "any"); }
  };
  UsingNode(const Options&, const NodeContext&) {}
  Exit process(Message&) override { return Exit::by(0); }
};

const Registration<ThrowingNode> kThrows{"throws", "throws where it is told to"};
const Registration<ThrowingAsyncNode> kThrowsAsync{"throws_async", "likewise"};
const Registration<ThrowingJoin> kThrowsJoin{"throws_join", "likewise"};
const Registration<HeldNode> kHeld{"held", "keeps messages"};
const Registration<UsingNode> kUsing{"using", "needs a model"};
const bool kBackend = [] {
  Registry::instance().add(throwing_backend());
  return true;
}();

Pipeline pipeline(const std::string& entry, const std::string& nodes, const std::string& models = "{}") {
  return Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: " + entry + "\nmodels: " + models + "\nnodes:\n" + nodes, "p.yaml");
}

Outcome outcome_of(const std::string& nodes) {
  Graph graph{pipeline("a", nodes)};
  return graph.submit({.text = "t"}).get();
}

std::vector<std::string> problems_of(const Pipeline& pipeline) {
  std::vector<std::string> texts;
  try {
    const Graph graph{pipeline};
  } catch (const PipelineError& error) {
    for (const Problem& problem : error.problems()) texts.push_back(to_string(problem));
  }
  return texts;
}

TEST(Graph, GivesEveryFutureItsOutcome) {
  Graph graph{pipeline("a", "  a: { type: throws, to: b }\n  b: { type: throws }\n")};
  std::vector<std::future<Outcome>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(graph.submit({.text = "t"}));
  for (auto& future : futures) {
    const Outcome outcome = future.get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered);
    EXPECT_EQ(outcome.answer.text, "seen;seen;");
  }
  EXPECT_EQ(graph.counts().answered, 100U);
}

TEST(Graph, CallsBackOnceForEachMessage) {
  Graph graph{pipeline("a", "  a: { type: throws }\n")};
  std::atomic<int> calls = 0;
  for (int i = 0; i < 100; ++i) graph.submit({}, [&](Outcome) { ++calls; });
  graph.drain();
  EXPECT_EQ(calls, 100);
}

TEST(Graph, TakesNothingFromWhoTriesWhileItIsFull) {
  Graph graph{pipeline("a", "  a: { type: held }\n"), {.max_in_flight = 1}};
  std::atomic<int> calls = 0;
  graph.submit({.id = "first"}, [&](Outcome) { ++calls; });
  HeldNode::wait_for(1);
  Request request{.id = "second"};
  Engine::Callback callback = [&](Outcome) { ++calls; };
  EXPECT_FALSE(graph.try_submit(request, callback));
  EXPECT_EQ(request.id, "second");
  ASSERT_TRUE(callback);
  HeldNode::release();
  graph.drain();
  EXPECT_TRUE(graph.try_submit(request, callback));
  HeldNode::wait_for(1);
  HeldNode::release();
  graph.drain();
  EXPECT_EQ(calls, 2);
}

TEST(Graph, EndsWhatIsInFlightWhenCancelled) {
  Graph graph{pipeline("a", "  a: { type: held, to: b }\n  b: { type: throws }\n")};
  std::future<Outcome> early = graph.submit({});
  HeldNode::wait_for(1);
  graph.cancel();
  HeldNode::release();
  EXPECT_EQ(early.get().kind, OutcomeKind::expired);
  EXPECT_EQ(graph.submit({}).get().kind, OutcomeKind::expired);
}

TEST(Graph, WaitsForWhatIsInFlightWhenDestroyed) {
  std::atomic<int> calls = 0;
  std::thread releasing;
  {
    Graph graph{pipeline("a", "  a: { type: held }\n")};
    for (int i = 0; i < 3; ++i) graph.submit({}, [&](Outcome) { ++calls; });
    HeldNode::wait_for(3);
    releasing = std::thread{[] { HeldNode::release(); }};
  }
  EXPECT_EQ(calls, 3);
  releasing.join();
}

TEST(Graph, TakesTheTimeoutOfItsPipeline) {
  Graph graph{
      Pipeline::parse("pipeline: p\nversion: 1\nentry: a\ntimeout: 1ms\nnodes: { a: { type: held, to: b }, "
                      "b: { type: throws } }",
                      "p.yaml")};
  std::future<Outcome> outcome = graph.submit({});
  // On a busy machine it may be late before it comes to `a`.
  std::this_thread::sleep_for(2ms);
  while (outcome.wait_for(1ms) != std::future_status::ready) HeldNode::release();
  EXPECT_EQ(outcome.get().kind, OutcomeKind::expired);
}

TEST(Graph, ReportsEveryModelThatCannotBeOpened) {
  EXPECT_EQ(problems_of(
                pipeline("a", "  a: { type: using, model: m }\n", "{ m: { backend: throwing, in: open } }")),
            std::vector<std::string>{"p.yaml:4:14: error: model `m`: thrown in open"});
}

TEST(Graph, SurvivesAModelThatThrowsAnything) {
  EXPECT_EQ(problems_of(
                pipeline("a", "  a: { type: using, model: m }\n", "{ m: { backend: throwing, in: oddly } }")),
            std::vector<std::string>{
                "p.yaml:4:14: error: model `m`: something that is no std::exception was thrown"});
}

TEST(Graph, ReportsEveryNodeWhoseConstructorThrows) {
  EXPECT_EQ(problems_of(pipeline("a",
                                 "  a: { type: throws, in: constructor, to: b }\n"
                                 "  b: { type: throws, in: constructor oddly }\n")),
            (std::vector<std::string>{
                "p.yaml:6:6: error: node `a`: thrown in constructor",
                "p.yaml:7:6: error: node `b`: something that is no std::exception was thrown"}));
}

TEST(Graph, FailsAMessageWhoseNodeThrows) {
  EXPECT_EQ(outcome_of("  a: { type: throws, in: process }\n").reason, "a: thrown in process");
  EXPECT_EQ(outcome_of("  a: { type: throws, in: process oddly }\n").reason,
            "a: threw something that is no std::exception");
}

TEST(Graph, FailsAMessageWhoseAsynchronousWorkDoesNotBegin) {
  EXPECT_EQ(outcome_of("  a: { type: throws_async, in: start }\n").reason, "a: thrown in start");
  EXPECT_EQ(outcome_of("  a: { type: throws_async, in: start oddly }\n").reason,
            "a: threw something that is no std::exception");
  EXPECT_EQ(outcome_of("  a: { type: throws_async, in: loss }\n").kind, OutcomeKind::failed);
}

TEST(Graph, FailsAMessageWhoseJoinThrows) {
  const std::string fork =
      "  a: { type: throws, to: [b, c] }\n  b: { type: throws, to: j }\n  c: { type: throws, to: j }\n";
  for (const std::string phase : {"is_settled", "join"}) {
    const Outcome outcome = outcome_of(fork + "  j: { type: throws_join, in: " + phase + " }\n");
    EXPECT_EQ(outcome.kind, OutcomeKind::failed);
    EXPECT_EQ(outcome.reason, "j: thrown in " + phase);
  }
}

TEST(Graph, DropsWhatACallbackThrows) {
  Graph graph{pipeline("a", "  a: { type: throws }\n")};
  graph.submit({}, [](Outcome) { throw std::runtime_error{"mine"}; });
  graph.drain();
  EXPECT_EQ(graph.submit({}).get().kind, OutcomeKind::answered);
}

}  // namespace
}  // namespace slm
