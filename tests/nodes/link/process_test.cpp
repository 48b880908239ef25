#include "nodes/link/process.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "evidence/signals.h"
#include "graph/registry.h"
#include "nodes/builtin.h"
#include "nodes/link/key_files.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::link {
namespace {

constexpr std::chrono::seconds kLimit{30};  ///< for what must happen; far beyond what it takes

/// Adds its word to the answer and an exclamation mark to the request.
class SayNode : public Node {
 public:
  struct Options {
    std::string word;
    Port to;
    static Fields<Options> fields() {
      return Fields<Options>{}
          .required("word", &Options::word, "what it says")
          .optional("to", &Options::to, "next");
    }
  };
  SayNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message& message) override {
    message.answer.text += options_.word + "(" + message.request.text + ") ";
    message.answer.label = options_.word;
    message.answer.evidence.token_logprobs.push_back(-0.5F);
    if (options_.word == "two") {
      message.answer.evidence.agreement = true;
      message.answer.evidence.sample_votes = {4, 3};
    }
    message.request.text += "!";
    message.request.fields["last"] = options_.word;
    return options_.to;
  }

 private:
  Options options_;
};
const Registration<SayNode> say{"say", "says a word"};

/// Answers with the message's class of privacy.
class PrivacyNode : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next"); }
  };
  PrivacyNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message& message) override {
    message.answer.text = message.request.privacy == Privacy::local ? "local" : "open";
    return options_.to;
  }

 private:
  Options options_;
};
const Registration<PrivacyNode> privacy{"privacy", "tells whether a message is private"};

/// Writes down all texts that it sees, and answers with those that a model is shown.
class SpyNode : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next"); }
  };
  SpyNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message& message) override {
    const std::lock_guard lock{mutex};
    seen += message.request.text + '|' + message.answer.text;
    for (const auto& [name, value] : message.request.fields) seen += '|' + value;
    for (const auto& [node, answer] : message.remembered) seen += '|' + answer.text;
    if (message.kept_values) seen += "|kept values";
    message.answer.text += " and " + message.request.text;
    return options_.to;
  }

  static inline std::mutex mutex;
  static inline std::string seen;

 private:
  Options options_;
};
const Registration<SpyNode> spy{"spy", "sees what a process is shown"};

/// Keeps messages until the test lets them go, or they are cancelled.
class GateKeeper {
 public:
  void arrive() {
    const std::lock_guard lock{mutex_};
    ++arrived_;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock{mutex_};
    ASSERT_TRUE(changed_.wait_for(lock, kLimit, [&] { return arrived_ >= count; }));
  }
  int arrived() {
    const std::lock_guard lock{mutex_};
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
};

std::shared_ptr<GateKeeper>& keeper() {
  static auto shared = std::make_shared<GateKeeper>();
  return shared;
}

/// Waits for a cancel or the deadline, as a slow model would.
class SlowNode : public AsyncNode {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next"); }
  };
  SlowNode(const Options&, const NodeContext&) {}
  void process(Message& message, Done done) override {
    keeper()->arrive();
    waiting_.push_back(std::make_unique<Callback>(message.request.cancelled, [done = std::move(done)] {
      keeper()->arrive();
      done(Exit::expire("cancelled"));
    }));
  }

 private:
  using Callback = std::stop_callback<std::function<void()>>;
  std::vector<std::unique_ptr<Callback>> waiting_;
};
const Registration<SlowNode> slow{"slow", "waits"};

Pipeline pipeline_of(
    const std::string& nodes, const std::string& entry = "a",
    const std::string& processes = "  edge: {}\n  cloud: { listen: \"tcp://127.0.0.1:5555\" }\n") {
  register_builtin_nodes();
  return Pipeline::parse(
      "pipeline: test\nversion: 1\nentry: " + entry + "\nprocesses:\n" + processes + "nodes:\n" + nodes,
      "test.yaml");
}

ProcessOptions options_of(const std::string& name, const std::map<std::string, std::string>& connect = {}) {
  ProcessOptions options;
  options.name = name;
  if (name != "edge") options.listen = "tcp://127.0.0.1:*";
  options.connect = connect;
  options.out_of_reach = kLimit;  // a busy machine must not seem to be one out of reach
  return options;
}

/// For tests where a process is to be found out of reach.
ProcessOptions impatient_edge(const std::map<std::string, std::string>& connect) {
  ProcessOptions options = options_of("edge", connect);
  options.out_of_reach = std::chrono::milliseconds{300};
  return options;
}

Outcome outcome_of(Graph& graph, Request request) {
  auto outcome = graph.submit(std::move(request));
  EXPECT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  return outcome.get();
}

std::vector<std::string> path_of(const Outcome& outcome) {
  std::vector<std::string> path;
  for (const Hop& hop : outcome.trace)
    if (!hop.is_link) path.emplace_back(hop.node);
  return path;
}

void expect_same(const Outcome& found, const Outcome& wanted) {
  EXPECT_EQ(found.id, wanted.id);
  EXPECT_EQ(to_string(found.kind), to_string(wanted.kind));
  EXPECT_EQ(found.answer.text, wanted.answer.text);
  EXPECT_EQ(found.answer.label, wanted.answer.label);
  EXPECT_EQ(found.answer.evidence.token_logprobs, wanted.answer.evidence.token_logprobs);
  EXPECT_EQ(found.answer.evidence.agreement, wanted.answer.evidence.agreement);
  for (const char* signal : {"self_consistency(4)", "self_consistency(5)"})
    EXPECT_EQ(evaluate(parse_signal(signal).value(), found.answer.evidence),
              evaluate(parse_signal(signal).value(), wanted.answer.evidence));
  EXPECT_EQ(found.reason, wanted.reason);
  EXPECT_EQ(path_of(found), path_of(wanted));
}

constexpr const char* kThereAndBack = R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: cloud, on_unreachable: fail, to: c }
  c: { type: say, word: three, on: cloud, on_unreachable: fail, to: d }
  d: { type: say, word: four, on: edge }
)";

TEST(LinkProcess, GivesTheOutcomesOfOneProcess) {
  const Pipeline pipeline = pipeline_of(kThereAndBack);
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  Graph whole{pipeline};
  const Outcome wanted = outcome_of(whole, {.id = "7", .text = "hello"});
  EXPECT_EQ(wanted.answer.text, "one(hello) two(hello!) three(hello!!) four(hello!!!) ");
  const Outcome found = outcome_of(edge.graph(), {.id = "7", .text = "hello"});
  expect_same(found, wanted);
  EXPECT_EQ(std::ranges::count(found.trace, true, &Hop::is_link), 1);
}

TEST(LinkProcess, GivesTheOutcomesOfOneProcessThroughThree) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: fog, on_unreachable: fail, to: c }
  c: { type: say, word: three, on: cloud, on_unreachable: fail, to: d }
  d: { type: say, word: four, on: edge, to: e }
  e: { type: say, word: five, on: cloud, on_unreachable: fail }
)",
                                        "a",
                                        "  edge: {}\n  fog: { listen: \"tcp://127.0.0.1:5555\" }\n"
                                        "  cloud: { listen: \"tcp://127.0.0.1:5556\" }\n");
  ProcessOptions cloud_options = options_of("cloud");
  cloud_options.listen = "tcp://127.0.0.1:*";
  Process cloud{pipeline, cloud_options};
  Process fog{pipeline, options_of("fog", {{"cloud", cloud.address()}})};
  Process edge{pipeline, options_of("edge", {{"fog", fog.address()}, {"cloud", cloud.address()}})};
  Graph whole{pipeline};
  for (const char* text : {"hello", "", "\xff\xfe"})
    expect_same(outcome_of(edge.graph(), {.id = "x", .text = text}),
                outcome_of(whole, {.id = "x", .text = text}));
}

TEST(LinkProcess, TakesBranchesOfAForkAcrossAndBack) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: say, word: one, to: [b, c] }
  b: { type: say, word: two, on: cloud, on_unreachable: fail, to: j }
  c: { type: say, word: two, to: j }
  j: { type: join, policy: majority }
)");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  Graph whole{pipeline};
  const Outcome wanted = outcome_of(whole, {.id = "x", .text = "hello"});
  const Outcome found = outcome_of(edge.graph(), {.id = "x", .text = "hello"});
  EXPECT_EQ(found.kind, wanted.kind);
  EXPECT_EQ(found.answer.text, wanted.answer.text);
}

TEST(LinkProcess, CarriesThousandsTogetherEachOnce) {
  const Pipeline pipeline = pipeline_of(kThereAndBack);
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  std::mutex mutex;
  std::multiset<std::string> seen;
  for (int i = 0; i < 5000; ++i) {
    edge.graph().submit({.id = std::to_string(i), .text = std::to_string(i)}, [&](const Outcome& outcome) {
      const std::lock_guard lock{mutex};
      if (outcome.kind == OutcomeKind::answered && outcome.answer.text.starts_with("one(" + outcome.id + ")"))
        seen.insert(outcome.id);
    });
  }
  edge.graph().drain();
  EXPECT_EQ(seen.size(), 5000U);
  EXPECT_EQ((std::set<std::string>{seen.begin(), seen.end()}).size(), 5000U);
}

TEST(LinkProcess, GivesTheDeadlineToTheCalleeAndCancelsThere) {
  keeper() = std::make_shared<GateKeeper>();
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: say, word: one, to: b }
  b: { type: slow, on: cloud, on_unreachable: fail }
)");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  const Outcome late = outcome_of(edge.graph(), {.text = "x", .timeout = std::chrono::seconds{2}});
  EXPECT_EQ(late.kind, OutcomeKind::expired);
  EXPECT_EQ(late.reason, "b: late at process `cloud`");
  keeper()->wait_for(2);  // it arrived there, and was cancelled there
}

TEST(LinkProcess, CancelsAtTheCallee) {
  keeper() = std::make_shared<GateKeeper>();
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: say, word: one, to: b }
  b: { type: slow, on: cloud, on_unreachable: fail }
)");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  std::stop_source stop;
  auto outcome = edge.graph().submit({.text = "x", .cancelled = stop.get_token()});
  keeper()->wait_for(1);
  stop.request_stop();
  keeper()->wait_for(2);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::expired);
}

struct Away {
  const char* policy;
  OutcomeKind kind;
  const char* answer;
};

class LinkProcessWithoutCallee : public ::testing::TestWithParam<Away> {};

TEST_P(LinkProcessWithoutCallee, DoesAsThePipelineSays) {
  const Pipeline pipeline = pipeline_of(std::string{R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, to: c }
  c: { type: say, word: three, on: cloud, on_unreachable: )"} +
                                        GetParam().policy + " }\n");
  Process edge{pipeline, impatient_edge({{"cloud", "tcp://127.0.0.1:1"}})};
  const Outcome outcome = outcome_of(edge.graph(), {.text = "x"});
  EXPECT_EQ(to_string(outcome.kind), to_string(GetParam().kind));
  EXPECT_EQ(outcome.answer.text, GetParam().answer);
  EXPECT_TRUE(outcome.is_degraded);
  const bool has_answer = outcome.kind == OutcomeKind::answered;
  EXPECT_EQ(outcome.reason, has_answer ? "" : "c: process `cloud` at tcp://127.0.0.1:1 is out of reach");
}

INSTANTIATE_TEST_SUITE_P(Policies, LinkProcessWithoutCallee,
                         ::testing::Values(Away{"fail", OutcomeKind::failed, "one(x) two(x!) "},
                                           Away{"abstain", OutcomeKind::abstained, "one(x) two(x!) "},
                                           Away{"{ answer_from: a }", OutcomeKind::answered, "one(x) "},
                                           Away{"{ answer_from: b }", OutcomeKind::answered,
                                                "one(x) two(x!) "}));

constexpr const char* kWaiting = R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: cloud, on_unreachable: spool }
)";

TEST(LinkProcess, WaitsForACalleeThatComesLater) {
  const Pipeline pipeline = pipeline_of(kWaiting);
  // A port that is free now, and very likely still is when the callee comes.
  const std::string address = Process{pipeline, options_of("cloud")}.address();
  Process edge{pipeline, impatient_edge({{"cloud", address}})};
  auto outcome = edge.graph().submit({.text = "x"});
  EXPECT_EQ(outcome.wait_for(std::chrono::milliseconds{600}), std::future_status::timeout);
  ProcessOptions options = options_of("cloud");
  options.listen = address;
  Process cloud{pipeline, options};
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().answer.text, "one(x) two(x!) ");
}

TEST(LinkProcess, AnswersOthersWhileMessagesWaitForACallee) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: route, by: fields.far, cases: { yes: b }, otherwise: c }
  b: { type: say, word: two, on: cloud, on_unreachable: spool }
  c: { type: say, word: three }
)");
  const std::string address = Process{pipeline, options_of("cloud")}.address();
  ProcessOptions options = impatient_edge({{"cloud", address}});
  options.graph.max_in_flight = 4;
  Process edge{pipeline, options};
  std::vector<std::future<Outcome>> far;
  for (int i = 0; i < 50; ++i) far.push_back(edge.graph().submit({.text = "x", .fields = {{"far", "yes"}}}));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).answer.text, "three(x) ");
  ProcessOptions listening = options_of("cloud");
  listening.listen = address;
  Process cloud{pipeline, listening};
  for (auto& outcome : far) {
    ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(outcome.get().answer.text, "two(x) ");
  }
}

TEST(LinkProcess, GoesOnWithACalleeThatRestarts) {
  const Pipeline pipeline = pipeline_of(kWaiting);
  ProcessOptions options = options_of("cloud");
  auto cloud = std::make_unique<Process>(pipeline, options);
  options.listen = cloud->address();
  Process edge{pipeline, options_of("edge", {{"cloud", options.listen}})};
  for (int round = 0; round < 5; ++round) {
    std::vector<std::future<Outcome>> outcomes;
    for (int i = 0; i < 50; ++i) outcomes.push_back(edge.graph().submit({.text = "x"}));
    cloud.reset();
    cloud = std::make_unique<Process>(pipeline, options);
    for (auto& outcome : outcomes) {
      ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
      EXPECT_EQ(outcome.get().answer.text, "one(x) two(x!) ");
    }
  }
}

class LinkProcessWithPrivateMessage : public ::testing::TestWithParam<Away> {};

TEST_P(LinkProcessWithPrivateMessage, NeverSendsItAndDoesAsWithoutTheCallee) {
  const Pipeline pipeline = pipeline_of(std::string{R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: cloud, on_unreachable: )"} +
                                        GetParam().policy + " }\n");
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  const Outcome outcome = outcome_of(edge.graph(), {.text = "x", .privacy = Privacy::local});
  EXPECT_EQ(to_string(outcome.kind), to_string(GetParam().kind));
  EXPECT_EQ(outcome.answer.text, GetParam().answer);
  EXPECT_TRUE(outcome.is_degraded);
  const bool has_answer = outcome.kind == OutcomeKind::answered;
  EXPECT_EQ(outcome.reason,
            has_answer ? "" : "b: the message is private to process `edge`, and the node lives in `cloud`");
  EXPECT_EQ(cloud.server_stats().calls, 0U);
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).answer.text, "one(x) two(x!) ") << "others still go";
}

INSTANTIATE_TEST_SUITE_P(Policies, LinkProcessWithPrivateMessage,
                         ::testing::Values(Away{"fail", OutcomeKind::failed, "one(x) "},
                                           Away{"spool", OutcomeKind::failed, "one(x) "},
                                           Away{"abstain", OutcomeKind::abstained, "one(x) "},
                                           Away{"{ answer_from: a }", OutcomeKind::answered, "one(x) "}));

TEST(LinkProcess, MakesEveryMessagePrivateWhereThePipelineSaysSo) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: privacy }
)",
                                        "a", "  edge: {}\nprivacy: local\n");
  Process edge{pipeline, options_of("edge")};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).answer.text, "local");
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x", .privacy = Privacy::open}).answer.text, "local");
}

constexpr const char* kRedacting = R"(
  a: { type: say, word: one, to: b }
  b: { type: redact, kinds: [email], patterns: { secret: 's\d+' }, to: c }
  c: { type: spy, on: cloud, on_unreachable: { answer_from: a }, to: d }
  d: { type: redact, on: cloud, kinds: [phone], on_unreachable: fail, to: e }
  e: { type: spy, on: cloud, on_unreachable: fail, to: f }
  f: { type: restore, on: cloud, on_unreachable: fail, to: g }
  g: { type: restore, on: edge }
)";

TEST(LinkProcess, NeverShowsACalleeWhatWasRedacted) {
  const Pipeline pipeline = pipeline_of(kRedacting);
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  {
    const std::lock_guard lock{SpyNode::mutex};
    SpyNode::seen.clear();
  }
  const Outcome outcome =
      outcome_of(edge.graph(), {.text = "ask bob@x.org of s17, +49 30 1234567 and [email_1]",
                                .fields = {{"from", "bob@x.org"}, {"to", "eve@x.org s18"}}});
  EXPECT_EQ(outcome.kind, OutcomeKind::answered);
  const std::string said = "ask bob@x.org of s17, +49 30 1234567 and [email_1]";
  EXPECT_EQ(outcome.answer.text, "one(" + said + ")  and " + said + "! and " + said + "!");
  const std::lock_guard lock{SpyNode::mutex};
  EXPECT_TRUE(SpyNode::seen.starts_with(
      "ask [EMAIL_2] of [SECRET_1], +49 30 1234567 and [email_1]!|one(ask [EMAIL_2] of [SECRET_1], +49 30 "
      "1234567 and [email_1]) |[EMAIL_2]|one|[EMAIL_3] [SECRET_2]"))
      << SpyNode::seen;
  EXPECT_NE(SpyNode::seen.find("[PHONE_1] and [email_1]!|"), std::string::npos) << SpyNode::seen;
  for (const char* value : {"bob", "eve", "s17", "s18"})
    EXPECT_EQ(SpyNode::seen.find(value), std::string::npos) << SpyNode::seen;
}

TEST(LinkProcess, GivesAnEarlierAnswerWithItsValuesWhereTheCalleeIsAway) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: redact, kinds: [email], to: b }
  b: { type: say, word: one, to: c }
  c: { type: spy, on: cloud, on_unreachable: { answer_from: b }, to: d }
  d: { type: restore }
)");
  Process edge{pipeline, impatient_edge({{"cloud", "tcp://127.0.0.1:1"}})};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "bob@x.org"}).answer.text, "one(bob@x.org) ");
}

TEST(LinkProcess, LeavesAnEarlierAnswerRedactedWhereNothingWouldRestoreIt) {
  const Pipeline pipeline = pipeline_of(R"(
  a: { type: redact, kinds: [email], to: b }
  b: { type: say, word: one, to: c }
  c: { type: spy, on: cloud, on_unreachable: { answer_from: b } }
)");
  Process edge{pipeline, impatient_edge({{"cloud", "tcp://127.0.0.1:1"}})};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "bob@x.org"}).answer.text, "one([EMAIL_1]) ");
}

TEST(LinkProcess, FailsATextThatIsTooLarge) {
  const Pipeline pipeline = pipeline_of(kWaiting);
  Process cloud{pipeline, options_of("cloud")};
  Process edge{pipeline, options_of("edge", {{"cloud", cloud.address()}})};
  const Outcome large = outcome_of(edge.graph(), {.text = std::string(20 << 20, 'x')});
  EXPECT_EQ(large.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome_of(edge.graph(), {.text = std::string(1 << 20, 'x')}).kind, OutcomeKind::answered);
}

/// What the caller says it was refused for, by a callee that runs `theirs`.
std::string refusal_of(const Pipeline& ours, const Pipeline& theirs) {
  Process cloud{theirs, options_of("cloud")};
  Process edge{ours, impatient_edge({{"cloud", cloud.address()}})};
  const Outcome outcome = outcome_of(edge.graph(), {.text = "x"});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_GE(cloud.server_stats().refused, 1U);
  EXPECT_EQ(cloud.server_stats().calls, 0U);
  return outcome.reason.substr(outcome.reason.find("out of reach: ") + 14);
}

TEST(LinkProcess, RefusesAPipelineWithOtherNodes) {
  const Pipeline other = pipeline_of(R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: cloud, on_unreachable: fail, to: e }
  e: { type: say, word: five, on: cloud, on_unreachable: fail }
)");
  EXPECT_EQ(
      refusal_of(pipeline_of(kThereAndBack), other),
      "its pipeline `test` has other nodes or edges; expected the same file, or `allow_other_pipelines: "
      "true` on the process that is called");
}

TEST(LinkProcess, TakesAPipelineWithOtherOptions) {
  const Pipeline ours = pipeline_of(kWaiting);
  const Pipeline theirs = pipeline_of(R"(
  a: { type: say, word: one, to: b }
  b: { type: say, word: zwei, on: cloud, on_unreachable: fail }
)");
  Process cloud{theirs, options_of("cloud")};
  Process edge{ours, options_of("edge", {{"cloud", cloud.address()}})};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).answer.text, "one(x) zwei(x!) ");
}

/// Keys of an edge and a cloud in files, the edge's let in.
class SecureLinkProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    make_keys("edge");
    make_keys("cloud");
    std::filesystem::create_directory(folder_ / "edges");
    let_in("edge");
  }

  void make_keys(const std::string& name) {
    const SecretKey key = new_secret_key();
    write_secret_key(key, folder_ / (name + ".key"), Overwrite::yes);
    write_public_key(key.public_key(), folder_ / (name + ".pub"), Overwrite::yes);
  }
  void let_in(const std::string& name) {
    std::filesystem::copy_file(folder_ / (name + ".pub"), folder_ / "edges" / (name + ".pub"));
  }

  Pipeline pipeline(const std::string& edge_key = "edge.key", const std::string& on_unreachable = "fail") {
    register_builtin_nodes();
    return Pipeline::parse(R"(pipeline: test
version: 1
entry: a
processes:
  edge: { secret_key: )" + edge_key +
                               R"( }
  cloud: { listen: "tcp://*:5555", connect: "tcp://127.0.0.1:5555", secret_key: cloud.key, public_key: cloud.pub,
           authorized_clients: edges }
nodes:
  a: { type: say, word: one, to: b }
  b: { type: say, word: two, on: cloud, on_unreachable: )" +
                               on_unreachable + " }\n",
                           folder_ / "test.yaml");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SecureLinkProcess, SpeaksWithKeys) {
  Process cloud{pipeline(), options_of("cloud")};
  Process edge{pipeline(), options_of("edge", {{"cloud", cloud.address()}})};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).answer.text, "one(x) two(x!) ");
}

TEST_F(SecureLinkProcess, RefusesAKeyThatIsNotAuthorized) {
  make_keys("stranger");
  Process cloud{pipeline(), options_of("cloud")};
  Process edge{pipeline("stranger.key"), impatient_edge({{"cloud", cloud.address()}})};
  const Outcome outcome = outcome_of(edge.graph(), {.text = "x"});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_NE(outcome.reason.find("it does not let our key in"), std::string::npos) << outcome.reason;
  EXPECT_EQ(cloud.server_stats().calls, 0U);
}

TEST_F(SecureLinkProcess, LetsAKeyInWhileItRuns) {
  make_keys("late");
  Process cloud{pipeline(), options_of("cloud")};
  Process edge{pipeline("late.key", "spool"), impatient_edge({{"cloud", cloud.address()}})};
  auto outcome = edge.graph().submit({.text = "x"});
  EXPECT_EQ(outcome.wait_for(std::chrono::milliseconds{300}), std::future_status::timeout);
  let_in("late");
  ASSERT_EQ(outcome.wait_for(kLimit), std::future_status::ready);
  EXPECT_EQ(outcome.get().kind, OutcomeKind::answered);
}

TEST_F(SecureLinkProcess, EndsTheSessionOfAKeyThatIsTakenAway) {
  Process cloud{pipeline(), options_of("cloud")};
  Process edge{pipeline(), impatient_edge({{"cloud", cloud.address()}})};
  const auto limit = Clock::now() + kLimit;
  OutcomeKind last = OutcomeKind::failed;  // on a busy machine, until the edge has shaken hands
  const auto go_on_while = [&](OutcomeKind kind) {
    while (last == kind && Clock::now() < limit) last = outcome_of(edge.graph(), {.text = "x"}).kind;
  };
  go_on_while(OutcomeKind::failed);
  ASSERT_EQ(last, OutcomeKind::answered);
  std::filesystem::remove(folder_ / "edges" / "edge.pub");
  go_on_while(OutcomeKind::answered);
  EXPECT_EQ(last, OutcomeKind::failed);
}

TEST_F(SecureLinkProcess, FindsAServerWhoseKeyHasChanged) {
  auto cloud = std::make_unique<Process>(pipeline(), options_of("cloud"));
  ProcessOptions options = options_of("cloud");
  options.listen = cloud->address();
  Process edge{pipeline("edge.key", "spool"), options_of("edge", {{"cloud", options.listen}})};
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).kind, OutcomeKind::answered);
  const SecretKey next = new_secret_key();
  std::ofstream{folder_ / "cloud.pub", std::ios::app} << next.public_key().text() << '\n';
  write_secret_key(next, folder_ / "cloud.key", Overwrite::yes);
  cloud.reset();
  cloud = std::make_unique<Process>(pipeline(), options);
  EXPECT_EQ(outcome_of(edge.graph(), {.text = "x"}).kind, OutcomeKind::answered);
}

TEST(LinkProcess, SaysWhyItCannotListen) {
  const Pipeline pipeline = pipeline_of(kWaiting);
  Process cloud{pipeline, options_of("cloud")};
  ProcessOptions options = options_of("cloud");
  options.listen = cloud.address();
  try {
    Process{pipeline, options};
    FAIL() << "two listen at one address";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(),
              "process `cloud` cannot listen at " + cloud.address() + ": Address already in use");
  }
}

}  // namespace
}  // namespace slm::link
