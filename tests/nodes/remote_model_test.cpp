// What reaches a model behind HTTP, over a real socket, and what must not.

#include <gmock/gmock.h>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/openai/fake_server.h"

namespace slm {
namespace {

using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Visit;

/// A model that always says the same; `said` stands in JSON.
std::function<void(Visit&)> saying(const std::string& said) {
  return [said](Visit& visit) {
    visit.respond("200 OK", "",
                  R"({"choices":[{"message":{"content":")" + said + R"("},"finish_reason":"stop"}]})");
  };
}

Outcome outcome_of(const FakeServer& server, const std::string& nodes, Request request) {
  register_builtin_nodes();
  const std::string yaml =
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
      "  cloud: { backend: openai, url: '" +
      server.url() + "', model: m, logprobs: false, stream: false, retries: 0 }\nnodes:\n" + nodes;
  Graph graph{Pipeline::parse(yaml, "p.yaml")};
  return graph.submit(std::move(request)).get();
}

class PrivateMessage : public ::testing::TestWithParam<const char*> {};

TEST_P(PrivateMessage, IsNeverSentToAModelElsewhere) {
  FakeServer server{saying(R"({\"choice\": \"no\"})")};
  const Outcome kept = outcome_of(server, GetParam(), {.text = "x", .privacy = Privacy::local});
  EXPECT_EQ(kept.kind, OutcomeKind::failed);
  EXPECT_EQ(kept.reason, "a: the message is private to its process, and model `cloud` is not in it");
  EXPECT_EQ(server.connections(), 0);
  const Outcome sent = outcome_of(server, GetParam(), {.text = "x", .privacy = Privacy::open});
  EXPECT_EQ(sent.kind, OutcomeKind::answered) << sent.reason;
  EXPECT_EQ(server.requests(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Nodes, PrivateMessage,
    ::testing::Values("  a: { type: generate, model: cloud, prompt: '{text}' }\n",
                      "  a: { type: classify, model: cloud, choices: ['yes', 'no'] }\n"));

TEST(RedactedMessage, ReachesAModelElsewhereWithoutItsValues) {
  FakeServer server{saying("Mail [ email_1 ], or call PHONE_1.")};
  const Outcome outcome = outcome_of(server,
                                     "  a: { type: redact, kinds: [email, phone], to: b }\n"
                                     "  b: { type: generate, model: cloud, prompt: '{text}', to: c }\n"
                                     "  c: { type: restore }\n",
                                     {.text = "I am a@b.io, +49 30 1234567"});
  EXPECT_EQ(outcome.answer.text, "Mail a@b.io, or call +49 30 1234567.") << outcome.reason;
  EXPECT_THAT(server.body(), HasSubstr("I am [EMAIL_1], [PHONE_1]"));
  EXPECT_THAT(server.body(), Not(HasSubstr("a@b.io")));
}

}  // namespace
}  // namespace slm
