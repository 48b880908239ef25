// What a server and the network can do to a request, over real sockets.

#include <gmock/gmock.h>

#include <atomic>
#include <ctime>

#include "tests/models/openai/ask.h"
#include "tests/models/openai/fake_server.h"

namespace slm::openai {
namespace {

using slm::testing::FakeServer;
using slm::testing::Visit;
using ::testing::HasSubstr;
using ::testing::Not;

std::string token(const std::string& text) {
  return R"({"choices":[{"delta":{"content":")" + text + R"("},"finish_reason":null}]})";
}

constexpr const char* kStop = R"({"choices":[{"delta":{},"finish_reason":"stop"}]})";

void answer(Visit& visit, const std::string& text = "Hello") {
  visit.begin();
  visit.event(token(text));
  visit.event(kStop);
  visit.event("[DONE]");
  visit.chunk("");
}

TEST(OpenAiTransport, StreamsAnAnswerCutAnywhere) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    std::string body;
    for (const char* data : {"", "Gr\xC3\xBC\xC3\x9F", "e \xF0\x9F\x8E\xB7"})
      body += "data: " + token(data) + "\r\n\r\n";
    body += ": a comment\n\ndata: " + std::string(kStop) + "\n\ndata: [DONE]\n\n";
    for (const char byte : body) visit.chunk(std::string(1, byte));
    visit.chunk("");
  });
  EXPECT_EQ(text_of(answer_of(options_for(server.url()))),
            "Gr\xC3\xBC\xC3\x9F"
            "e \xF0\x9F\x8E\xB7");
}

TEST(OpenAiTransport, SendsTheKeyAsABearerAndOtherHeadersAsTheyAre) {
  FakeServer server([](Visit& visit) { answer(visit); });
  OpenAiOptions options = options_for(server.url());
  options.api_key = "sk-secret";
  options.headers = {{"X-Title", "assistant"}};
  answer_of(options);
  EXPECT_THAT(server.headers(), HasSubstr("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_THAT(server.headers(), HasSubstr("Authorization: Bearer sk-secret"));
  EXPECT_THAT(server.headers(), HasSubstr("X-Title: assistant"));
  options.api_key_header = "api-key";
  answer_of(options);
  EXPECT_THAT(server.headers(), HasSubstr("api-key: sk-secret"));
  EXPECT_THAT(server.headers(), Not(HasSubstr("Bearer")));
}

TEST(OpenAiTransport, KeepsItsConnection) {
  FakeServer server([](Visit& visit) { answer(visit); });
  OpenAiOptions options = options_for(server.url());
  options.concurrency = 1;
  OpenAiModel model(options);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(text_of(taken(ask(model, {.prompt = "Hi"}))), "Hello");
  EXPECT_EQ(server.requests(), 5);
  EXPECT_EQ(server.connections(), 1);
}

TEST(OpenAiTransport, AsksAgainAtOnceWhereAKeptConnectionHadBeenClosed) {
  // The second request is read, and the connection closed without an answer, as if it had crossed the close.
  FakeServer server([](Visit& visit) { visit.number == 1 ? visit.hang_up() : answer(visit); });
  OpenAiOptions options = options_for(server.url());
  options.concurrency = 1;
  OpenAiModel model(options);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(text_of(taken(ask(model, {.prompt = "Hi"}))), "Hello");
  EXPECT_EQ(server.requests(), 3);
}

TEST(OpenAiTransport, SendsNoMoreTogetherThanItMay) {
  std::atomic<int> inside = 0;
  FakeServer server([&](Visit& visit) {
    // All that may be there are there together before the first is answered.
    ++inside;
    while (inside < 3) std::this_thread::yield();
    answer(visit);
  });
  OpenAiOptions options = options_for(server.url());
  options.concurrency = 3;
  OpenAiModel model(options);
  std::vector<std::future<GenerationResult>> answers;
  for (int i = 0; i < 30; ++i) answers.push_back(ask(model, {.prompt = "Hi"}));
  for (auto& future : answers) EXPECT_EQ(text_of(taken(std::move(future))), "Hello");
  EXPECT_EQ(server.most_at_once(), 3);
}

// Tries

TEST(OpenAiTransport, TriesAgainAfter503) {
  FakeServer server([](Visit& visit) {
    visit.number == 0 ? visit.respond("503 Service Unavailable", "", R"({"error":"loading"})")
                      : answer(visit);
  });
  OpenAiOptions options = options_for(server.url());
  options.retries = 1;
  EXPECT_EQ(text_of(answer_of(options)), "Hello");
  EXPECT_EQ(server.requests(), 2);
}

TEST(OpenAiTransport, WaitsAsLongAsTheServerAsks) {
  FakeServer server([](Visit& visit) {
    const std::time_t later = std::time(nullptr) + 1000;
    std::array<char, 64> date{}, now{};
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&later));
    const std::time_t just_before = later - 1;
    std::strftime(now.data(), now.size(), "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&just_before));
    if (visit.number == 0) return visit.respond("429 Too Many Requests", "Retry-After: 1\r\n", "{}");
    if (visit.number == 1)
      return visit.respond("429 Too Many Requests",
                           std::string("Retry-After: ") + date.data() + "\r\nDate: " + now.data() + "\r\n",
                           "{}");
    answer(visit);
  });
  OpenAiOptions options = options_for(server.url());
  options.retries = 2;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(text_of(answer_of(options)), "Hello");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_EQ(server.requests(), 3);
}

TEST(OpenAiTransport, FailsAtOnceWhereTheServerAsksToWaitForTooLong) {
  FakeServer server([](Visit& visit) {
    visit.respond("429 Too Many Requests", "Retry-After: 3600\r\n", R"({"error":{"message":"slow down"}})");
  });
  OpenAiOptions options = options_for(server.url());
  options.retries = 4;
  const GenerationResult result = answer_of(options);
  EXPECT_EQ(kind_of_failure(result), ModelFailure::Kind::failed);
  EXPECT_THAT(reason_of(result), HasSubstr("429: slow down; there is no time for the pause of 3600 s"));
  EXPECT_EQ(server.requests(), 1);
}

TEST(OpenAiTransport, NeverWaitsBeyondTheDeadline) {
  FakeServer server([](Visit& visit) { visit.respond("500 Oh", "Retry-After: 5\r\n", "{}"); });
  OpenAiOptions options = options_for(server.url());
  options.retries = 4;
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  GenerationRequest request{.prompt = "Hi"};
  request.patience.deadline = deadline;
  EXPECT_THAT(reason_of(answer_of(options, std::move(request))), HasSubstr("no time for the pause"));
  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST(OpenAiTransport, GivesUpAfterAllTries) {
  FakeServer server([](Visit& visit) { visit.respond("502 Bad Gateway", "", "no backend"); });
  OpenAiOptions options = options_for(server.url());
  options.retries = 2;
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("status 502: no backend (the last of 3 tries)"));
  EXPECT_EQ(server.requests(), 3);
}

TEST(OpenAiTransport, AsksOnceWhereTheRequestItselfIsWrong) {
  for (const char* status : {"400 Bad Request", "401 Unauthorized", "404 Not Found", "422 Unprocessable"}) {
    FakeServer server([&](Visit& visit) { visit.respond(status, "", R"({"error":{"message":"not so"}})"); });
    OpenAiOptions options = options_for(server.url());
    options.retries = 4;
    const std::string reason = reason_of(answer_of(options));
    EXPECT_THAT(reason, HasSubstr("it answers with status " + std::string(status, 3) + ": not so"));
    EXPECT_EQ(server.requests(), 1) << status;
  }
}

TEST(OpenAiTransport, TriesAgainWhereNobodyListens) {
  OpenAiOptions options = options_for("http://127.0.0.1:" + std::to_string(slm::testing::free_port()));
  options.retries = 1;
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("it cannot be connected to (the last of 2 tries)"));
}

TEST(OpenAiTransport, NeverShowsItsKey) {
  FakeServer server([](Visit& visit) {
    visit.respond("401 Unauthorized", "", R"({"error":{"message":"no such key: sk-secret\nsk-secret!"}})");
  });
  OpenAiOptions options = options_for(server.url());
  options.api_key = "sk-secret";
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("no such key: [the key] [the key]!"));
}

// Time

TEST(OpenAiTransport, EndsWhereNoTokenComes) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(R"({"choices":[{"delta":{"role":"assistant","content":null}}]})");
    visit.wait_until_closed();
  });
  OpenAiOptions options = options_for(server.url());
  options.first_token_timeout = 100ms;
  OpenAiModel model(options);
  EXPECT_THAT(reason_of(taken(ask(model, {.prompt = "Hi"}))),
              HasSubstr("no token within the `first_token_timeout` of 0.1 s"));
  EXPECT_TRUE(server.is_left());
}

TEST(OpenAiTransport, EndsWhereTheServerNeverAnswers) {
  FakeServer server([](Visit& visit) { visit.wait_until_closed(); });
  OpenAiOptions options = options_for(server.url());
  options.timeout = 100ms;
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("no complete answer within the `timeout` of 0.1 s"));
}

TEST(OpenAiTransport, EndsWhereNoFurtherTokenComes) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(token("Hel"));
    visit.wait_until_closed();
  });
  OpenAiOptions options = options_for(server.url());
  options.token_timeout = 100ms;
  EXPECT_THAT(reason_of(answer_of(options)),
              HasSubstr("no further token within the `token_timeout` of 0.1 s"));
}

TEST(OpenAiTransport, EndsWhereTokensNeverEnd) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    while (!visit.is_closed()) visit.event(token("more "));
  });
  OpenAiOptions options = options_for(server.url());
  options.timeout = 200ms;
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("no complete answer within"));
}

TEST(OpenAiTransport, ExpiresAtTheDeadlineAndClosesTheConnection) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(token("Hel"));
    visit.wait_until_closed();
  });
  OpenAiModel model(options_for(server.url()));
  GenerationRequest request{.prompt = "Hi"};
  request.patience.deadline = std::chrono::steady_clock::now() + 100ms;
  EXPECT_EQ(kind_of_failure(taken(ask(model, std::move(request)))), ModelFailure::Kind::expired);
  EXPECT_TRUE(server.is_left());
}

TEST(OpenAiTransport, CancelsAtOnceAndClosesTheConnection) {
  std::promise<void> begun;
  FakeServer server([&](Visit& visit) {
    visit.begin();
    visit.event(token("Hel"));
    begun.set_value();
    visit.wait_until_closed();
  });
  OpenAiModel model(options_for(server.url()));
  std::stop_source stop;
  GenerationRequest request{.prompt = "Hi"};
  request.patience.cancelled = stop.get_token();
  auto answer = ask(model, std::move(request));
  taken(begun.get_future());
  stop.request_stop();
  EXPECT_EQ(kind_of_failure(taken(std::move(answer))), ModelFailure::Kind::cancelled);
  EXPECT_TRUE(server.is_left());
}

TEST(OpenAiTransport, CancelsWhatWaitsForAConnectionOrForAnotherTry) {
  for (const bool is_paused : {false, true}) {
    std::promise<void> begun;
    FakeServer server([&](Visit& visit) {
      if (is_paused) visit.respond("503 Busy", "Retry-After: 20\r\n", "{}");
      begun.set_value();
      if (!is_paused) visit.wait_until_closed();
    });
    OpenAiOptions options = options_for(server.url());
    options.concurrency = 1;
    options.retries = 1;
    OpenAiModel model(options);
    std::stop_source stop;
    GenerationRequest request{.prompt = "Hi"};
    request.patience.cancelled = stop.get_token();
    std::future<GenerationResult> first;
    if (!is_paused) first = ask(model, {.prompt = "Hi"});
    if (!is_paused) begun.get_future().wait();
    auto answer = ask(model, std::move(request));
    if (is_paused) begun.get_future().wait();
    stop.request_stop();
    EXPECT_EQ(kind_of_failure(taken(std::move(answer))), ModelFailure::Kind::cancelled);
  }
}

// The end

TEST(OpenAiTransport, AnswersEverythingOnceWhenItIsDestroyed) {
  std::atomic<int> answers = 0, failures = 0;
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(token("Hel"));
    visit.wait_until_closed();
  });
  {
    OpenAiModel model(options_for(server.url()));
    for (int i = 0; i < 20; ++i) {
      model.generate({.prompt = "Hi"}, [&](const GenerationResult& result) {
        ++answers;
        if (reason_of(result) == "the model was unloaded") ++failures;
      });
    }
    while (server.requests() < 2) std::this_thread::yield();
  }
  EXPECT_EQ(answers, 20);
  EXPECT_EQ(failures, 20);
}

TEST(OpenAiTransport, CanBeDestroyedByAnAnswer) {
  std::atomic<int> answers = 0;
  FakeServer server([](Visit& visit) {
    if (visit.number == 0) return answer(visit);
    visit.wait_until_closed();
  });
  OpenAiOptions options = options_for(server.url());
  auto model = std::make_shared<OpenAiModel>(options);
  std::promise<void> destroyed;
  OpenAiModel& asked = *model;
  asked.generate({.prompt = "Hi"}, [&answers, &destroyed, last = model](const GenerationResult&) mutable {
    ++answers;
    last.reset();
    destroyed.set_value();
  });
  model.reset();
  taken(destroyed.get_future());
  EXPECT_EQ(answers, 1);
}

// What is no answer

TEST(OpenAiTransport, FailsWhereAnAnswerBreaksOffAndDoesNotPayForItTwice) {
  const std::vector<std::function<void(Visit&)>> breaks = {
      [](Visit& visit) { visit.event(token("Hel")); },
      [](Visit& visit) { visit.send("40\r\ndata: {\"cho"); },
      [](Visit& visit) { visit.send("zz\r\n"); },
      [](Visit& visit) { visit.event(R"({"choices":[)"); },
      [](Visit& visit) { visit.event("not JSON"); },
      [](Visit& visit) { visit.event(R"({"choices":"none"})"); },
      [](Visit& visit) { visit.chunk(""); },
      [](Visit& visit) { visit.event("[DONE]"), visit.chunk(""); },
  };
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    FakeServer server([&](Visit& visit) {
      visit.begin();
      breaks[i](visit);
      visit.hang_up();
    });
    OpenAiOptions options = options_for(server.url());
    options.retries = 3;
    EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("127.0.0.1")) << i;
    EXPECT_EQ(server.requests(), 1) << i;
  }
}

TEST(OpenAiTransport, TakesACompleteAnswerThoughTheConnectionBreaksAfterIt) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(token("Hello"));
    visit.event(kStop);
    visit.hang_up();
  });
  EXPECT_EQ(text_of(answer_of(options_for(server.url()))), "Hello");
}

TEST(OpenAiTransport, TakesACompleteAnswerThoughItsBodyNeverEnds) {
  FakeServer server([](Visit& visit) {
    visit.begin();
    visit.event(token("Hello"));
    visit.event(kStop);
    visit.event("[DONE]");
    visit.wait_until_closed();
  });
  EXPECT_EQ(text_of(answer_of(options_for(server.url()))), "Hello");
}

TEST(OpenAiTransport, FailsOnWhatIsNoHttp) {
  for (const char* garbage :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "HTTP/1.1 abc\r\n\r\n", "\r\n\r\n"}) {
    FakeServer server([&](Visit& visit) {
      visit.send(garbage);
      visit.hang_up();
    });
    EXPECT_THAT(reason_of(answer_of(options_for(server.url()))),
                HasSubstr("the connection broke before an answer came"));
  }
}

TEST(OpenAiTransport, FailsOnAnErrorThatComesWithStatus200) {
  constexpr const char* kError = R"({"error":{"message":"out of memory","code":500}})";
  FakeServer whole([](Visit& visit) { visit.respond("200 OK", "", kError); });
  EXPECT_THAT(reason_of(answer_of(options_for(whole.url()))), HasSubstr("it says: out of memory"));
  FakeServer stream([](Visit& visit) {
    visit.begin();
    visit.event(token("Hel"));
    visit.event(kError);
    visit.chunk("");
  });
  EXPECT_THAT(reason_of(answer_of(options_for(stream.url()))), HasSubstr("it says: out of memory"));
}

TEST(OpenAiTransport, ReadsNoBodyWithoutEnd) {
  const std::string megabyte(1 << 20, 'x');
  const std::vector<std::pair<std::string, std::string>> bodies = {{"text/event-stream", "data: " + megabyte},
                                                                   {"application/json", megabyte}};
  for (const auto& [type, bytes] : bodies) {
    FakeServer server([&](Visit& visit) {
      visit.send("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: 10000000000\r\n\r\n");
      while (!visit.is_closed()) visit.send(bytes);
    });
    EXPECT_THAT(reason_of(answer_of(options_for(server.url()))), HasSubstr(" MB")) << type;
  }
}

TEST(OpenAiTransport, ReadsNoErrorWithoutEnd) {
  const std::string bytes(1 << 16, 'x');
  FakeServer server([&](Visit& visit) {
    visit.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 10000000000\r\n\r\n");
    while (!visit.is_closed()) visit.send(bytes);
  });
  EXPECT_THAT(reason_of(answer_of(options_for(server.url()))), HasSubstr("status 400: xxxx"));
}

TEST(OpenAiTransport, FailsOnContentThatIsNoAnswer) {
  FakeServer server([](Visit& visit) {
    visit.begin("text/html; charset=utf-8");
    visit.chunk("<html>");
    visit.chunk("");
  });
  EXPECT_THAT(reason_of(answer_of(options_for(server.url()))), HasSubstr("it answers with `text/html`"));
}

TEST(OpenAiTransport, FollowsNoRedirect) {
  FakeServer target([](Visit& visit) { answer(visit); });
  FakeServer server([&](Visit& visit) {
    visit.respond("307 Temporary Redirect", "Location: " + target.url() + "/chat/completions\r\n", "");
  });
  EXPECT_THAT(reason_of(answer_of(options_for(server.url()))), HasSubstr("it redirects (307)"));
  EXPECT_EQ(target.requests(), 0);
}

}  // namespace
}  // namespace slm::openai
