// What needs no server: addresses, events, replies, requests, pauses.

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/backoff.h"
#include "models/openai/endpoint.h"
#include "models/openai/error_text.h"
#include "models/openai/event_stream.h"
#include "models/openai/reply.h"
#include "models/openai/request_body.h"
#include "models/openai/retry.h"

namespace slm::openai {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OpenAiEndpoint, ReadsAddresses) {
  const Endpoint plain = Endpoint::parse("https://api.example.org/v1/");
  EXPECT_EQ(plain.origin(), "https://api.example.org");
  EXPECT_EQ(plain.path, "/v1");
  EXPECT_EQ(plain.port, 443);
  const Endpoint six = Endpoint::parse("http://[::1]:8080");
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.path, "");
  EXPECT_EQ(six.origin(), "http://[::1]:8080");
  EXPECT_EQ(Endpoint::parse("http://host:80/a/b").origin(), "http://host");
}

TEST(OpenAiEndpoint, RefusesWhatIsNone) {
  for (const char* text :
       {"", "host/v1", "ftp://host", "https://", "https:///v1", "https://host:0", "https://host:65536",
        "https://host:x", "https://user:secret@host/v1", "https://host/v1?key=secret", "https://host/v1#x",
        "https://ho st/v1", "https://host\r\nX: y/v1", "https://[::1", "https://[host]", "https://[::1]x",
        "https://host/v1/chat/completions"}) {
    try {
      Endpoint::parse(text);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("secret")));
    }
  }
}

TEST(OpenAiEndpoint, KnowsWhatStaysOnThisMachine) {
  for (const char* url :
       {"http://localhost/v1", "http://127.0.0.1", "http://127.9.9.9:80", "http://[::1]/v1"})
    EXPECT_TRUE(Endpoint::parse(url).is_loopback()) << url;
  for (const char* url : {"http://localhost.example.org", "http://10.0.0.1", "http://128.0.0.1",
                          "http://[::2]", "http://127.0.0.1.example.org"})
    EXPECT_FALSE(Endpoint::parse(url).is_loopback()) << url;
}

std::vector<std::string> events_of(const std::string& bytes, std::size_t step) {
  std::vector<std::string> events;
  EventStream stream([&](std::string_view data) {
    events.emplace_back(data);
    return true;
  });
  for (std::size_t at = 0; at < bytes.size(); at += step)
    stream.append(std::string_view(bytes).substr(at, step));
  return events;
}

TEST(OpenAiEvents, ComeOutTheSameHoweverTheyAreCut) {
  const std::string bytes =
      ": comment\r\n\r\ndata: one\r\ndata:two\rdata\n\nevent: x\nid: 1\n\ndatax: no\ndata: {\"\xC3\xA9\"}\r\r"
      "data: never ended";
  for (std::size_t step = 1; step <= bytes.size(); ++step)
    EXPECT_THAT(events_of(bytes, step), ElementsAre("one\ntwo\n", "{\"\xC3\xA9\"}")) << step;
}

TEST(OpenAiEvents, AreNotTakenWhereOneNeverEnds) {
  EventStream stream([](std::string_view) { return true; });
  const std::string line(1 << 20, 'x');
  EXPECT_THROW(
      {
        for (int i = 0; i < 5; ++i) stream.append(line);
      },
      BadReply);
}

Reply reply_of(const std::vector<std::string>& events) {
  ReplyReader reader;
  for (const std::string& event : events) reader.take(event);
  return reader.finish();
}

TEST(OpenAiReply, ReadsAStreamedChatWithLogprobs) {
  const Reply reply = reply_of({
      R"({"choices":[{"delta":{"role":"assistant","content":""},"logprobs":null}]})",
      R"({"choices":[{"delta":{"content":"Hi"},"logprobs":{"content":[{"token":"Hi","bytes":[72,105],"logprob":-0.5,
          "top_logprobs":[{"token":"Hi","logprob":-0.5},{"token":"Yo","logprob":-1.5}]}]}}]})",
      R"({"choices":[{"delta":{"content":" you"},"logprobs":{"content":[{"token":" you","logprob":0.0001}]}}]})",
      R"({"choices":[{"delta":{},"finish_reason":"length"}]})",
      R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}})",
  });
  EXPECT_EQ(reply.text, "Hi you");
  EXPECT_EQ(reply.finish, Reply::Finish::token_limit);
  EXPECT_TRUE(reply.has_all_tokens);
  ASSERT_EQ(reply.tokens.size(), 2U);
  EXPECT_EQ(reply.tokens[0].logprob, -0.5F);
  EXPECT_EQ(reply.tokens[0].likeliest.size(), 2U);
  EXPECT_EQ(reply.tokens[1].logprob, 0);
  EXPECT_EQ(reply.prompt_tokens, 7);
  EXPECT_EQ(reply.generated_tokens, 2);
}

TEST(OpenAiReply, ReadsWholeAnswersOfBothApis) {
  const Reply chat =
      reply_of({R"({"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop",
    "logprobs":{"content":[{"token":"H","bytes":[72],"logprob":-0.1},{"token":"i","bytes":[105],"logprob":-0.2},
    {"token":"","bytes":[],"logprob":-0.3}]}}],"usage":{"prompt_tokens":3,"completion_tokens":3}})"});
  EXPECT_EQ(chat.text, "Hi");
  EXPECT_EQ(chat.tokens.size(), 2U);
  EXPECT_TRUE(chat.has_all_tokens);
  const Reply lists =
      reply_of({R"({"choices":[{"text":"Hi","finish_reason":"stop","stop_reason":"\n","logprobs":
    {"tokens":["H","i"],"token_logprobs":[-0.1,-0.2],"top_logprobs":[{"H":-0.1,"J":-3},{"i":-0.2}]}}]})"});
  EXPECT_EQ(lists.text, "Hi");
  EXPECT_EQ(lists.finish, Reply::Finish::stop_string);
  EXPECT_TRUE(lists.has_all_tokens);
  EXPECT_EQ(lists.tokens[0].likeliest.size(), 2U);
}

TEST(OpenAiReply, HasNoEvidenceOfTokensWhereSomeAreMissing) {
  const std::vector<std::vector<std::string>> replies = {
      {R"({"choices":[{"text":"Hi","finish_reason":"stop"}]})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{}}]})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{"content":[]}}]})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{"content":[{"token":"H","logprob":-1}]}}],
         "usage":{"completion_tokens":3}})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{"content":[{"token":"Hi","logprob":null}]}}]})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{"content":[{"token":"Hi","logprob":3}]}}]})"},
      {R"({"choices":[{"text":"Hi","finish_reason":"stop","logprobs":{"tokens":["Hi"],"token_logprobs":[]}}]})"},
      {R"({"choices":[{"text":"H","logprobs":{"content":[{"token":"H","logprob":-1}]}}]})",
       R"({"choices":[{"text":"i","finish_reason":"stop"}]})"},
  };
  for (const auto& events : replies) {
    const Reply reply = reply_of(events);
    EXPECT_EQ(reply.text, "Hi");
    EXPECT_FALSE(reply.has_all_tokens) << events.front();
  }
}

TEST(OpenAiReply, CountsTokensWhereTheirTextsAreNotWhatTheyBecame) {
  EXPECT_TRUE(
      reply_of(
          {R"({"choices":[{"text":"\u00e9","finish_reason":"stop","logprobs":{"tokens":["\ufffd","\ufffd"],
    "token_logprobs":[-1,-2]}}],"usage":{"completion_tokens":3}})"})
          .has_all_tokens);
}

TEST(OpenAiReply, IsNoneWhereTheModelDoesNotAnswer) {
  const std::vector<std::pair<std::string, std::string>> replies = {
      {R"({"choices":[{"delta":{"content":"Hi"}}]})", "the answer ends in the middle, after \"Hi\""},
      {R"({"choices":[{"delta":{"refusal":"I cannot"}}]})", "the model refuses: I cannot"},
      {R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})", "content filter"},
      {R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})", "calls a tool"},
      {R"({"choices":[{"delta":{},"finish_reason":"abort"}]})", "unknown reason \"abort\""},
      {R"({"error":"busy"})", "it says: busy"},
      {R"({"error":{"type":"x"}})", "it says: {\"type\":\"x\"}"},
      {R"([1])", "no JSON object came"},
      {R"({"hello":1})", "without `choices`"},
  };
  for (const auto& [event, expected] : replies) {
    try {
      reply_of({event});
      ADD_FAILURE() << event;
    } catch (const BadReply& error) {
      EXPECT_THAT(error.what(), HasSubstr(expected));
    }
  }
}

TEST(OpenAiReply, SurvivesAnyShape) {
  const std::vector<std::string> values = {"null", "1",   "-1",     "\"x\"", "[]",
                                           "{}",   "[1]", "[null]", "true",  "1e999"};
  const std::vector<std::string> shapes = {
      R"({"choices":@})",
      R"({"choices":[@]})",
      R"({"choices":[{"delta":@}]})",
      R"({"choices":[{"delta":{"content":@},"finish_reason":"stop"}]})",
      R"({"choices":[{"text":"a","logprobs":@}]})",
      R"({"choices":[{"text":"a","logprobs":{"content":@}}]})",
      R"({"choices":[{"text":"a","logprobs":{"content":[{"token":@,"bytes":@,"logprob":@,"top_logprobs":@}]}}]})",
      R"({"choices":[{"text":"a","logprobs":{"content":[{"token":"a","bytes":[@],"logprob":-1,"top_logprobs":[@]}]}}]})",
      R"({"choices":[{"text":"a","logprobs":{"tokens":@,"token_logprobs":@,"top_logprobs":@}}]})",
      R"({"choices":[{"text":"a","logprobs":{"tokens":[@],"token_logprobs":[@],"top_logprobs":[@]}}]})",
      R"({"choices":[],"usage":@})",
      R"({"choices":[],"usage":{"prompt_tokens":@,"completion_tokens":@}})",
      R"({"choices":[{"finish_reason":@,"stop_reason":@}]})",
      R"({"error":@})"};
  int read = 0;
  for (const std::string& shape : shapes) {
    for (const std::string& value : values) {
      std::string event = shape;
      for (std::size_t at = event.find('@'); at != std::string::npos; at = event.find('@'))
        event.replace(at, 1, value);
      try {
        reply_of({event});
        ++read;
      } catch (const BadReply&) {
        continue;
      }
    }
  }
  EXPECT_GT(read, 0);
}

json body_of(const Query& query, const OpenAiOptions& options) {
  return json::parse(request_body(query, options));
}

TEST(OpenAiRequest, AsksAChat) {
  const json body = body_of({.prompt = "Hi \xFF", .stop = {"\n"}, .max_tokens = 9, .top_logprobs = 2},
                            {.model = "m", .api = OpenAiOptions::Api::chat});
  EXPECT_EQ(body,
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Hi \ufffd"}],"max_tokens":9,
    "temperature":0.0,"stop":["\n"],"logprobs":true,"top_logprobs":2,"stream":true,
    "stream_options":{"include_usage":true}})"));
}

TEST(OpenAiRequest, AsksForACompletion) {
  const json body =
      body_of({.prompt = "Hi", .max_tokens = 9, .temperature = 0.5, .seed = 3, .top_logprobs = 2},
              {.model = "m", .api = OpenAiOptions::Api::completions, .stream = false});
  EXPECT_EQ(body, json::parse(R"({"model":"m","prompt":"Hi","max_tokens":9,"temperature":0.5,"seed":3,
    "logprobs":2,"stream":false})"));
}

TEST(OpenAiRequest, HoldsTheAnswerToAFormat) {
  const OpenAiOptions options{
      .model = "m", .strict = false, .token_limit = OpenAiOptions::TokenLimit::max_completion_tokens};
  const json schema = body_of({.max_tokens = 1, .format = {.json_schema = R"({"type":"null"})"}}, options);
  EXPECT_EQ(schema["response_format"], json::parse(R"({"type":"json_schema","json_schema":{"name":"answer",
    "strict":false,"schema":{"type":"null"}}})"));
  EXPECT_EQ(schema["max_completion_tokens"], 1);
  EXPECT_FALSE(schema.contains("logprobs"));
  EXPECT_EQ(body_of({.format = {.gbnf = "root ::= \"a\""}}, options)["grammar"], "root ::= \"a\"");
}

TEST(OpenAiRetry, ReadsRetryAfter) {
  using std::chrono::seconds;
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  const auto parsed = [&](const char* text, const char* date = "") {
    return parse_retry_after(text, date, now);
  };
  EXPECT_EQ(parsed("0"), seconds{0});
  EXPECT_EQ(parsed("120"), seconds{120});
  EXPECT_EQ(parsed("Sun, 06 Nov 1994 08:50:37 GMT"), seconds{60});
  EXPECT_EQ(parsed("Sunday, 06-Nov-94 08:50:37 GMT"), seconds{60});
  EXPECT_EQ(parsed("Sun Nov  6 08:50:37 1994"), seconds{60});
  EXPECT_EQ(parsed("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:50:35 GMT"), seconds{2});
  EXPECT_EQ(parsed("Sun, 06 Nov 1994 08:00:00 GMT"), seconds{0});
  EXPECT_GT(parsed("99999999999999999999"), seconds{1'000'000});
  for (const char* text : {"", "soon", "-1", "1.5", "12 s"}) EXPECT_EQ(parsed(text), std::nullopt) << text;
}

TEST(OpenAiRetry, PausesBetweenTheShortestAndThreeTimesTheLast) {
  constexpr std::chrono::milliseconds kShortest{250}, kLongest{20'000};
  Backoff backoff(kShortest, kLongest);
  bool differ = false;
  for (int round = 0; round < 100; ++round) {
    backoff.reset();
    auto last = kShortest;
    for (int i = 0; i < 20; ++i) {
      const auto pause = backoff.next();
      EXPECT_GE(pause, kShortest);
      EXPECT_LE(pause, std::min(3 * last, kLongest));
      differ = differ || pause != last;
      last = pause;
    }
  }
  EXPECT_TRUE(differ);
}

TEST(OpenAiErrors, AreOneShortLineWithoutTheKey) {
  const ErrorText text("https://host", "sk-1");
  EXPECT_EQ(text.of("a\nsk-1sk-1\x1B[31m \xFF"), "https://host: a [the key][the key] [31m \xEF\xBF\xBD");
  EXPECT_LT(text.of(std::string(10'000, 'x')).size(), 600U);
}

}  // namespace
}  // namespace slm::openai
