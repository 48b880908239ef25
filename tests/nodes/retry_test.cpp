// What a node's `retry` does with the failures of a real server.

#include <gmock/gmock.h>

#include <future>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "nodes/recorded_models.h"
#include "tests/models/openai/fake_server.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

using namespace std::chrono_literals;
using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Visit;

constexpr const char* kRetry =
    "retry: { unavailable: 2, timeout: 1, interrupted: 1, invalid: 1, wait: 1ms, longest_wait: 3ms }";
constexpr const char* kFilter = "its content filter stopped the answer";

void busy(Visit& visit) {
  visit.respond("503 Service Unavailable", "", "");
}
void busy_for_an_hour(Visit& visit) {
  visit.respond("503 Service Unavailable", "Retry-After: 3600\r\n", "");
}
void refuse(Visit& visit) {
  visit.respond("400 Bad Request", "", R"({"error":"no"})");
}
void fall_silent(Visit& visit) {
  visit.wait_until_closed();
}
void break_off(Visit& visit) {
  visit.begin();
  visit.event(R"({"choices":[{"delta":{"content":"So"}}]})");
  visit.hang_up();
}
void filter(Visit& visit) {
  visit.respond("200 OK", "",
                R"({"usage":{"prompt_tokens":30,"completion_tokens":7},)"
                R"("choices":[{"message":{"content":""},"finish_reason":"content_filter"}]})");
}
void answer(Visit& visit) {
  visit.respond("200 OK", "",
                R"({"usage":{"prompt_tokens":30,"completion_tokens":2},)"
                R"("choices":[{"message":{"content":"{\"choice\": \"no\"}"},"finish_reason":"stop"}]})");
}

/// Does with its requests what stands in the list, and the last of it for ever.
std::function<void(Visit&)> in_turn(std::vector<void (*)(Visit&)> what) {
  return [what = std::move(what)](Visit& visit) {
    what[std::min(static_cast<std::size_t>(visit.number), what.size() - 1)](visit);
  };
}

Pipeline pipeline(const FakeServer& server, const std::string& options, const std::string& model = "") {
  register_builtin_nodes();
  return Pipeline::parse("pipeline: p\nversion: 1\nentry: a\nmodels:\n  cloud: { backend: openai, url: '" +
                             server.url() +
                             "', model: m, logprobs: false, retries: 0, first_token_timeout: 2s, "
                             "price: { call: 1, input: 1000000, output: 1000000 }" +
                             model + " }\nnodes:\n  a: { model: cloud, " + options + " }\n",
                         "p.yaml");
}

Outcome outcome_of(const FakeServer& server, const std::string& options, Request request = {.text = "x"}) {
  Graph graph{pipeline(server, "type: generate, prompt: '{text}', " + options)};
  return graph.submit(std::move(request)).get();
}

TEST(Retry, TriesEachCauseAsOftenAsItSays) {
  FakeServer server{in_turn({busy, fall_silent, busy, break_off, filter, answer})};
  const Outcome outcome = outcome_of(server, kRetry);
  EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(server.requests(), 6);
}

TEST(Retry, EndsWithTheLastReasonWhereACauseHasNoTryLeft) {
  FakeServer server{in_turn({filter, busy, filter})};
  const Outcome outcome = outcome_of(server, kRetry);
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("a: after 3 tries: http://"));
  EXPECT_THAT(outcome.reason, HasSubstr(kFilter));
  EXPECT_EQ(server.requests(), 3);
}

TEST(Retry, LeavesOtherFailuresAlone) {
  FakeServer server{in_turn({refuse})};
  EXPECT_EQ(outcome_of(server, kRetry).kind, OutcomeKind::failed);
  EXPECT_EQ(server.requests(), 1);
  FakeServer unnamed{in_turn({busy})};
  const Outcome outcome = outcome_of(unnamed, "retry: { invalid: 3, wait: 1ms }");
  EXPECT_THAT(outcome.reason, Not(HasSubstr("tries")));
  EXPECT_EQ(unnamed.requests(), 1);
}

TEST(Retry, CountsTokensThatWereSpentInVain) {
  FakeServer server{in_turn({filter, answer})};
  const Outcome outcome = outcome_of(server, kRetry);
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(outcome.trace.at(0).prompt_tokens, 60U);
  EXPECT_EQ(outcome.trace.at(0).generated_tokens, 9U);
  EXPECT_EQ(outcome.trace.at(0).cost, 1 + 60 + 9);
}

TEST(Retry, TriesChoicesAgainToo) {
  FakeServer server{in_turn({busy, filter, answer})};
  Graph graph{pipeline(server, std::string{"type: classify, choices: ['yes', 'no'], "} + kRetry)};
  const Outcome outcome = graph.submit({.text = "x"}).get();
  EXPECT_EQ(outcome.answer.label, "no") << outcome.reason;
  EXPECT_EQ(outcome.trace.at(0).prompt_tokens, 60U);
  EXPECT_EQ(server.requests(), 3);
}

TEST(Retry, TriesSamplesBesideTheAnswer) {
  FakeServer server{in_turn({busy, busy, busy, answer})};
  const Outcome outcome =
      outcome_of(server, "samples: 2, retry: { unavailable: 3, wait: 1ms, longest_wait: 3ms }");
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  ASSERT_TRUE(outcome.answer.evidence.sample_votes.has_value());
  EXPECT_EQ(outcome.answer.evidence.sample_votes->agreeing, 2U);
  EXPECT_EQ(server.requests(), 6);
}

TEST(Retry, IsRecordedByItsLastTryAlone) {
  FakeServer server{in_turn({busy, filter, answer, filter})};
  const testing::TemporaryFolder folder;
  const auto recorder = replay::Recorder::open(folder / "rec.jsonl");
  GraphOptions options;
  options.wrap = recording(recorder);
  Graph graph{pipeline(server, std::string{"type: generate, prompt: '{text}', "} + kRetry), options};
  EXPECT_EQ(graph.submit({.text = "x"}).get().kind, OutcomeKind::answered);
  EXPECT_EQ(recorder->result().added, 1U);
  EXPECT_EQ(graph.submit({.text = "y"}).get().kind, OutcomeKind::failed);
  EXPECT_EQ(recorder->result().added, 2U);
  EXPECT_EQ(recorder->result().known, 0U);
}

TEST(Retry, FailsAtOnceWhereTheWaitWouldEndAfterTheDeadline) {
  FakeServer server{in_turn({busy, busy_for_an_hour})};
  const Outcome outcome = outcome_of(server, kRetry, {.text = "x", .timeout = 1min});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("after 2 tries: "));
  EXPECT_THAT(outcome.reason, HasSubstr("status 503; there is no time for another try"));
  EXPECT_LT(outcome.latency, 30s);
  EXPECT_EQ(server.requests(), 2);
}

TEST(Retry, WaitsParkedUntilItIsCancelled) {
  std::promise<void> was_asked;
  FakeServer server{[&](Visit& visit) {
    visit.number == 0 ? busy_for_an_hour(visit) : answer(visit);
    if (visit.number == 0) was_asked.set_value();
  }};
  GraphOptions one_at_a_time;
  one_at_a_time.max_in_flight = 1;
  Graph graph{pipeline(server, "type: generate, prompt: '{text}', retry: { unavailable: 1 }"), one_at_a_time};
  std::stop_source source;
  auto waiting = graph.submit({.text = "x", .cancelled = source.get_token()});
  was_asked.get_future().wait();
  EXPECT_EQ(graph.submit({.text = "y"}).get().kind, OutcomeKind::answered);
  source.request_stop();
  const Outcome outcome = waiting.get();
  EXPECT_EQ(outcome.kind, OutcomeKind::expired);
  EXPECT_THAT(outcome.reason, HasSubstr("cancelled"));
  EXPECT_EQ(server.requests(), 2);
}

TEST(Retry, DoesNotChargeForTheWaits) {
  FakeServer server{in_turn({busy, answer})};
  Graph graph{pipeline(server,
                       "type: generate, prompt: '{text}', "
                       "retry: { unavailable: 1, wait: 300ms, longest_wait: 300ms }",
                       ", watts: 1000")};
  const Outcome outcome = graph.submit({.text = "x"}).get();
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  const Hop& hop = outcome.trace.at(0);
  const double joules_with_wait = 1000 * std::chrono::duration<double>(hop.left - hop.entered).count();
  EXPECT_GE(hop.left - hop.entered, 300ms);
  EXPECT_LE(hop.energy_j, joules_with_wait - 290);
  EXPECT_GT(hop.energy_j, 0);
}

}  // namespace
}  // namespace slm
