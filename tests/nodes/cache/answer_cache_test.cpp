// Models behind a cache: what reaches them, and what comes back.

#include "nodes/cache/answer_cache.h"

#include <gmock/gmock.h>

#include <latch>
#include <nlohmann/json.hpp>
#include <span>
#include <thread>

#include "models/model_store.h"
#include "models/openai/openai_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"
#include "tests/models/openai/fake_server.h"
#include "tests/nodes/cache/set_clock.h"

namespace slm::cache {
namespace {

using namespace std::chrono_literals;
using testing::ask;
using testing::FakeServer;
using testing::Visit;

std::shared_ptr<AnswerCache> cache_of(const std::string& identity, bool normalise = false) {
  return std::make_shared<AnswerCache>(CachedSource{"m", identity, {}}, CacheOptions{.normalise = normalise});
}

Generation generation_of(GenerationResult result) {
  if (const auto* failure = std::get_if<ModelFailure>(&result)) {
    ADD_FAILURE() << failure->reason;
    return {};
  }
  return std::get<Generation>(std::move(result));
}

/// Says how many requests came before, with evidence.
void count(Visit& visit) {
  const nlohmann::json token = {
      {"token", "x"}, {"logprob", -0.1}, {"top_logprobs", {{{"token", "x"}, {"logprob", -0.1}}}}};
  visit.respond("200 OK", "",
                nlohmann::json{{"choices",
                                {{{"message", {{"content", "answer " + std::to_string(visit.number)}}},
                                  {"finish_reason", "stop"}}}},
                               {"usage", {{"prompt_tokens", 5}, {"completion_tokens", 3}}}}
                    .dump());
}

class CachedServer : public ::testing::Test {
 protected:
  Model model(std::shared_ptr<AnswerCache> cache) {
    return cached(openai::open_openai({.url = server_.url(),
                                       .model = "m",
                                       .logprobs = false,
                                       .stream = false,
                                       .concurrency = 4,
                                       .retries = 0}),
                  cache);
  }

  FakeServer server_{[this](Visit& visit) { serve_(visit); }};
  std::function<void(Visit&)> serve_ = count;
};

TEST_F(CachedServer, IsAskedOnceForTheSame) {
  const Model model = this->model(cache_of("m"));
  const Generation first = generation_of(ask(*model.generator, {.prompt = "Hi"}));
  EXPECT_FALSE(first.recorded.is_cached);
  const Generation second = generation_of(ask(*model.generator, {.prompt = "Hi"}));
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_TRUE(second.recorded.is_cached);
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(second.prompt_tokens, first.prompt_tokens);
  EXPECT_EQ(second.generated_tokens, 3);
  EXPECT_GT(second.recorded.duration.value(), 0ns) << "what it took then";
}

TEST_F(CachedServer, IsAskedAgainForAllThatMayChangeTheAnswer) {
  const Model model = this->model(cache_of("m"));
  const auto schema =
      model.generator->compile({ConstraintSource::Language::json_schema, R"({"type":"object"})"});
  const std::vector<GenerationRequest> requests{
      {.prompt = "Hi"},
      {.prompt = "hi"},
      {.prompt = "Hi "},
      {.prompt = "Hi", .constraint = schema},
      {.prompt = "Hi", .stop = {"x"}},
      {.prompt = "Hi", .max_tokens = 12},
      {.prompt = "Hi", .temperature = 0.5F},
      {.prompt = "Hi", .temperature = 0.5F, .seed = 1},
  };
  for (const auto& request : requests) ask(*model.generator, request);
  EXPECT_EQ(server_.requests(), static_cast<int>(requests.size()));
  for (const auto& request : requests)
    EXPECT_TRUE(generation_of(ask(*model.generator, request)).recorded.is_cached);
  EXPECT_EQ(server_.requests(), static_cast<int>(requests.size()));
}

TEST_F(CachedServer, IsAskedAgainWhereTheModelIsAnother) {
  const auto cache = cache_of("one");
  ask(*model(cache).generator, {.prompt = "Hi"});
  const auto other = cache_of("other");
  const auto question = cache->question(replay::asked_of(GenerationRequest{.prompt = "Hi"}, ""));
  ASSERT_TRUE(cache->find(*question));
  // Also where the key should be the same by chance.
  other->lines().put(question->key, *cache->lines().find(question->key));
  EXPECT_FALSE(other->find(*question));
  EXPECT_NE(other->question(question->asked)->key, question->key);
}

TEST_F(CachedServer, SeesNoDifferenceInWhiteSpaceWhereTold) {
  const Model model = this->model(cache_of("m", true));
  ask(*model.generator, {.prompt = "play some  jazz\n"});
  EXPECT_TRUE(generation_of(ask(*model.generator, {.prompt = "\tplay\r\nsome jazz"})).recorded.is_cached);
  EXPECT_FALSE(generation_of(ask(*model.generator, {.prompt = "Play some jazz"})).recorded.is_cached);
  EXPECT_FALSE(generation_of(ask(*model.generator, {.prompt = "playsome jazz"})).recorded.is_cached);
}

TEST_F(CachedServer, HasNoFailureKept) {
  serve_ = [](Visit& visit) {
    if (visit.number == 0) return visit.respond("400 Bad Request", "", "no");
    count(visit);
  };
  const Model model = this->model(cache_of("m"));
  EXPECT_TRUE(std::holds_alternative<ModelFailure>(ask(*model.generator, {.prompt = "Hi"})));
  EXPECT_EQ(generation_of(ask(*model.generator, {.prompt = "Hi"})).text, "answer 1");
}

TEST_F(CachedServer, IsAskedOnceByManyAtOnce) {
  constexpr int kMany = 50;
  std::latch all_asked{kMany};
  serve_ = [&](Visit& visit) {
    all_asked.wait();
    count(visit);
  };
  const Model model = this->model(cache_of("m"));
  std::vector<std::future<GenerationResult>> results(kMany);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results)
      threads.emplace_back([&] {
        result = testing::begin(*model.generator, {.prompt = "Hi"});
        all_asked.count_down();
      });
  }
  int cached = 0;
  for (auto& result : results) {
    const Generation generation = generation_of(result.get());
    EXPECT_EQ(generation.text, "answer 0");
    cached += generation.recorded.is_cached ? 1 : 0;
  }
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_EQ(cached, kMany - 1);
}

TEST_F(CachedServer, IsAskedByTheNextWhereTheFirstWasCancelled) {
  std::latch is_cancelled{1};
  std::latch has_come{1};
  serve_ = [&](Visit& visit) {
    if (visit.number == 0) {
      has_come.count_down();
      visit.wait_until_closed();
    } else {
      count(visit);
    }
  };
  const Model model = this->model(cache_of("m"));
  std::stop_source stop;
  auto first =
      testing::begin(*model.generator, {.prompt = "Hi", .patience = {.cancelled = stop.get_token()}});
  auto second = testing::begin(*model.generator, {.prompt = "Hi"});
  has_come.wait();
  stop.request_stop();
  EXPECT_EQ(std::get<ModelFailure>(first.get()).kind, ModelFailure::Kind::cancelled);
  EXPECT_EQ(generation_of(second.get()).text, "answer 1");
}

TEST_F(CachedServer, MayEndWhileOthersWaitForItsAnswer) {
  std::latch has_come{1};
  serve_ = [&](Visit& visit) {
    has_come.count_down();
    visit.wait_until_closed();
  };
  std::vector<std::future<GenerationResult>> results;
  {
    const Model model = this->model(cache_of("m"));
    for (int i = 0; i < 3; ++i) results.push_back(testing::begin(*model.generator, {.prompt = "Hi"}));
    has_come.wait();
  }
  EXPECT_TRUE(std::holds_alternative<ModelFailure>(results[0].get()));
  for (auto& result : std::span{results}.subspan(1))
    EXPECT_EQ(std::get<ModelFailure>(result.get()).kind, ModelFailure::Kind::cancelled);
  EXPECT_EQ(server_.requests(), 1);
}

TEST(CachedLlama, GivesTheSameAnswerWithTheSameEvidence) {
  const Model plain = ModelStore::instance().open_llama(testing::write({}, "cached.gguf"));
  const auto cache = cache_of(plain.info.checksum);
  const Model model = cached(plain, cache);
  const GenerationRequest request{.prompt = "once upon", .max_tokens = 20, .temperature = 0.9F, .seed = 3};
  const Generation fresh = generation_of(ask(*plain.generator, request));
  ask(*model.generator, request);
  const Generation again = generation_of(ask(*model.generator, request));
  EXPECT_TRUE(again.recorded.is_cached);
  EXPECT_EQ(again.text, fresh.text);
  EXPECT_EQ(again.finish, fresh.finish);
  ASSERT_FALSE(again.evidence.token_logprobs.empty());
  EXPECT_EQ(again.evidence.token_logprobs, fresh.evidence.token_logprobs) << "to the last bit";
  EXPECT_EQ(again.evidence.first_token_margin, fresh.evidence.first_token_margin);

  const auto choices =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"yes", "no"});
  const ChoiceRequest choice{.prompt = "is it", .choices = choices};
  const auto scores = std::get<ChoiceScores>(testing::begin(*model.scorer, choice).get());
  EXPECT_FALSE(scores.recorded.is_cached);
  const auto kept = std::get<ChoiceScores>(testing::begin(*model.scorer, choice).get());
  EXPECT_TRUE(kept.recorded.is_cached);
  EXPECT_EQ(*kept.evidence.labels.names, *choices);
  EXPECT_EQ(kept.evidence.labels.probabilities, scores.evidence.labels.probabilities);
  const auto others = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"no", "yes"});
  EXPECT_FALSE(
      std::get<ChoiceScores>(testing::begin(*model.scorer, {.prompt = "is it", .choices = others}).get())
          .recorded.is_cached);
}

TEST(AnswerCache, PassesOverALineThatIsNoAnswer) {
  const auto cache = cache_of("m");
  const auto question = cache->question(replay::asked_of(GenerationRequest{.prompt = "Hi"}, ""));
  cache->lines().put(question->key, "{}");
  EXPECT_FALSE(cache->find(*question));
  EXPECT_EQ(cache->lines().size(), 0U);
}

TEST(AnswerCache, KeepsNoTextThatALineCannotHold) {
  const auto cache = cache_of("m");
  const auto question = cache->question(replay::asked_of(GenerationRequest{.prompt = "Hi"}, ""));
  cache->keep(*question, Generation{.text = "\xff", .evidence = {}, .recorded = {}}, 1ms);
  EXPECT_EQ(cache->lines().size(), 0U);
  // A prompt may hold such bytes, and must not be taken for another.
  const auto odd = cache->question(replay::asked_of(GenerationRequest{.prompt = "\xff"}, ""));
  cache->keep(*odd, Generation{.text = "x", .evidence = {}, .recorded = {}}, 1ms);
  EXPECT_FALSE(cache->find(*odd));
  const auto replaced = cache->question(replay::asked_of(GenerationRequest{.prompt = "\uFFFD"}, ""));
  EXPECT_FALSE(cache->find(*replaced));
}

}  // namespace
}  // namespace slm::cache
