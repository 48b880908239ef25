#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <vector>

#include "tests/models/openai/ask.h"
#include "tests/models/openai/fake_server.h"

namespace slm::openai {
namespace {

using slm::testing::FakeServer;
using slm::testing::Visit;

void answer(Visit& visit) {
  visit.respond("200 OK", "Content-Type: application/json\r\n",
                R"({"choices":[{"message":{"content":"said"},"finish_reason":"stop"}]})");
}

OpenAiOptions whole_answers(const FakeServer& server, int concurrency) {
  OpenAiOptions options = options_for(server.url());
  options.stream = false;
  options.logprobs = false;
  options.concurrency = concurrency;
  return options;
}

GenerationRequest request_of(const std::string& prompt, bool can_wait) {
  GenerationRequest request{.prompt = prompt};
  request.patience.can_wait = can_wait;
  return request;
}

TEST(OpenAiPriority, KeepsAQuarterOfTheConnectionsFromBatchWork) {
  std::latch may_answer{1};
  FakeServer server([&](Visit& visit) {
    if (visit.body.find("batch") != std::string::npos) may_answer.wait();
    answer(visit);
  });
  OpenAiModel model(whole_answers(server, 4));
  std::vector<std::future<GenerationResult>> batch;
  for (int i = 0; i < 8; ++i) batch.push_back(ask(model, request_of("batch", true)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(taken(ask(model, request_of("now", false)))), "said");
  EXPECT_LE(server.requests(), 3 + 3);
  may_answer.count_down();
  for (auto& one : batch) EXPECT_EQ(text_of(taken(std::move(one))), "said");
}

TEST(OpenAiPriority, SendsWhatSomebodyWaitsForBeforeBatchWork) {
  std::latch may_answer{1}, has_come{1};
  std::vector<std::string> bodies;  // one connection: one after the other
  FakeServer server([&](Visit& visit) {
    bodies.push_back(visit.body);
    if (visit.number == 0) {
      has_come.count_down();
      may_answer.wait();
    }
    answer(visit);
  });
  OpenAiModel model(whole_answers(server, 1));
  std::vector<std::future<GenerationResult>> asked;
  asked.push_back(ask(model, request_of("batch 1", true)));
  has_come.wait();
  asked.push_back(ask(model, request_of("batch 2", true)));
  asked.push_back(ask(model, request_of("now", false)));
  may_answer.count_down();
  for (auto& one : asked) EXPECT_EQ(text_of(taken(std::move(one))), "said");
  ASSERT_EQ(bodies.size(), 3U);
  EXPECT_NE(bodies[1].find("now"), std::string::npos) << bodies[1];
}

}  // namespace
}  // namespace slm::openai
