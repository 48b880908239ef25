#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "models/llama/batch_share.h"
#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 60s;

GenerationRequest batch(GenerationRequest request) {
  request.patience.can_wait = true;
  return request;
}

/// Answers in the order in which they come.
class Answers {
 public:
  void ask(const Model& model, const std::string& name, GenerationRequest request) {
    {
      const std::lock_guard lock{mutex_};
      ++asked_;
    }
    model.generator->generate(std::move(request), [this, name](const GenerationResult& result) {
      const std::lock_guard lock{mutex_};
      came_.emplace_back(name, text_of(result));
      news_.notify_all();
    });
  }
  /// All so far, once there are `count`.
  std::vector<std::pair<std::string, std::string>> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    news_.wait_for(lock, kLimit, [&] { return came_.size() >= count; });
    return came_;
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& [name, text] : wait_for(asked_)) names.push_back(name);
    return names;
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::size_t asked_ = 0;
  std::vector<std::pair<std::string, std::string>> came_;
};

TEST(LlamaPriority, SetsBatchWorkAsideForWhatSomebodyWaitsForAndGoesOnWithItExactly) {
  const auto file = write({.context = 4000, .has_ends = false}, "aside.gguf");
  // Token by token, since in other parts a prompt gives the same but for rounding.
  const LlamaOptions options{.context = 2000, .slots = 1, .threads = 1, .batch = 1};
  const GenerationRequest long_one = batch({.prompt = "play some jazz", .max_tokens = 1500});
  const std::string undisturbed = text_of(ask(*llama::load_llama(file, options).generator, long_one));

  const Model model = llama::load_llama(file, options);
  Answers answers;
  answers.ask(model, "long", long_one);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "a", .max_tokens = 3})).empty(), false);
  answers.ask(model, "short", {.prompt = "b", .max_tokens = 3});
  const auto came = answers.wait_for(2);
  ASSERT_EQ(came.size(), 2U);
  EXPECT_EQ(came[0].first, "short");
  EXPECT_EQ(came[1].first, "long");
  EXPECT_EQ(came[1].second, undisturbed);
}

TEST(LlamaPriority, TakesThoseThatSomebodyWaitsForFirst) {
  const Model model = llama::load_llama(write({.context = 4000, .has_ends = false}, "first.gguf"),
                                        {.context = 2000, .slots = 1, .threads = 1});
  Answers answers;
  answers.ask(model, "under way", batch({.prompt = "play", .max_tokens = 1500}));
  for (int i = 0; i < 3; ++i) answers.ask(model, "batch", batch({.prompt = "a", .max_tokens = 2}));
  for (int i = 0; i < 3; ++i) answers.ask(model, "interactive", {.prompt = "a", .max_tokens = 2});
  const auto names = answers.names();
  ASSERT_EQ(names.size(), 7U);
  EXPECT_EQ((std::vector<std::string>{names.begin(), names.begin() + 3}),
            (std::vector<std::string>(3, "interactive")));
}

TEST(LlamaPriority, BatchWorkLeavesInTheOrderOfItsPrompts) {
  const Model model = llama::load_llama(write({.context = 4000, .has_ends = false}, "sorted.gguf"),
                                        {.context = 2000, .slots = 1, .threads = 1});
  std::stop_source stop;
  GenerationRequest first{.prompt = "play", .max_tokens = 1900};
  first.patience.cancelled = stop.get_token();
  auto running = begin(*model.generator, first);
  Answers answers;
  for (const char* prompt : {"b 1", "a 1", "c 1", "b 2", "a 2", "c 2"})
    answers.ask(model, prompt, batch({.prompt = prompt, .max_tokens = 1}));
  stop.request_stop();
  running.wait();
  EXPECT_EQ(answers.names(), (std::vector<std::string>{"a 1", "a 2", "b 1", "b 2", "c 1", "c 2"}));
}

TEST(LlamaPriority, GivesThoseWhoShareItTurns) {
  const Model model = llama::load_llama(write({.context = 20'000, .has_ends = false}, "turns.gguf"),
                                        {.context = 20'000, .slots = 2, .threads = 1});
  std::stop_source stop;
  GenerationRequest first{.prompt = "play", .max_tokens = 19'900};
  first.patience.cancelled = stop.get_token();
  std::vector<std::future<GenerationResult>> running;
  for (int i = 0; i < 2; ++i) running.push_back(begin(*model.generator, first));
  Answers answers;
  const auto ask_as = [&](const std::string& asker, int count) {
    for (int i = 0; i < count; ++i) {
      GenerationRequest request{.prompt = asker + std::to_string(i), .max_tokens = 8};
      request.patience.asker = asker;
      answers.ask(model, asker, std::move(request));
    }
  };
  ask_as("flood", 40);
  ask_as("few", 4);
  stop.request_stop();
  const auto names = answers.names();
  ASSERT_EQ(names.size(), 44U);
  const auto last_of_few = std::ranges::find(names.rbegin(), names.rend(), "few").base() - names.begin();
  EXPECT_LE(last_of_few, 10) << "with as many of the other as have had turns, and one more in the other slot";
}

TEST(LlamaPriority, CallsOffWhatIsSetAside) {
  const Model model =
      llama::load_llama(write({.width = 256, .context = 100'000, .follows = {{"a", "a"}}}, "call_off.gguf"),
                        {.context = 20'000, .slots = 1, .threads = 1, .batch_share = 0});
  std::stop_source stop, stop_interactive;
  GenerationRequest endless = batch({.prompt = "a", .max_tokens = 1'000'000});
  endless.patience.cancelled = stop.get_token();
  auto aside = begin(*model.generator, endless);
  GenerationRequest interactive{.prompt = "a", .max_tokens = 1'000'000};
  interactive.patience.cancelled = stop_interactive.get_token();
  auto running = begin(*model.generator, interactive);
  EXPECT_EQ(aside.wait_for(50ms), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(std::get<ModelFailure>(aside.get()).kind, ModelFailure::Kind::cancelled);
  EXPECT_EQ(running.wait_for(0s), std::future_status::timeout);
  stop_interactive.request_stop();
  EXPECT_EQ(std::get<ModelFailure>(running.get()).kind, ModelFailure::Kind::cancelled);
}

TEST(LlamaPriority, AnswersAllThatWaitWhenItIsDestroyed) {
  std::vector<std::future<GenerationResult>> results;
  {
    const Model model = llama::load_llama(write({.context = 4000, .has_ends = false}, "gone.gguf"),
                                          {.context = 2000, .slots = 1, .threads = 1});
    for (int i = 0; i < 4; ++i)
      results.push_back(begin(*model.generator, batch({.prompt = "play", .max_tokens = 1500})));
    ask(*model.generator, {.prompt = "a", .max_tokens = 1});
  }
  for (auto& result : results) {
    ASSERT_EQ(result.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(text_of(result.get()), "<the model was unloaded>");
  }
}

TEST(LlamaPrefix, OfTheRequestBeforeChangesNoAnswer) {
  for (const char* architecture : {"llama", "qwen3", "phi3"}) {
    const auto file = write({.architecture = architecture}, std::string{architecture} + "-prefix.gguf");
    const LlamaOptions options{.context = 256, .slots = 1, .threads = 1};
    const Model model = llama::load_llama(file, options);
    std::string system;
    for (int i = 0; i < 8; ++i) system += "play some jazz and blues " + std::to_string(i);
    const std::vector<std::string> prompts{system, system + " and",      system + "1",
                                           system, system.substr(0, 60), "a"};
    const auto choices = std::make_shared<const std::vector<std::string>>(
        std::vector<std::string>{" jazz and more", " jazz", " b"});
    for (const std::string& prompt : prompts) {
      const Model fresh = llama::load_llama(file, options);
      EXPECT_EQ(text_of(ask(*model.generator, {.prompt = prompt, .max_tokens = 12})),
                text_of(ask(*fresh.generator, {.prompt = prompt, .max_tokens = 12})))
          << architecture << ": " << prompt;
      const auto scores = std::get<ChoiceScores>(begin(*model.scorer, {"", prompt, choices, {}}).get());
      const auto alone = std::get<ChoiceScores>(begin(*fresh.scorer, {"", prompt, choices, {}}).get());
      for (std::size_t i = 0; i < choices->size(); ++i)
        EXPECT_NEAR(scores.evidence.labels.probabilities[i], alone.evidence.labels.probabilities[i], 0.02);
    }
  }
}

TEST(BatchShareTest, GivesBatchWorkItsShareOfTheTimeAndNoMore) {
  llama::BatchShare share{0.1};
  double interactive = 0;
  double batch = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (share.is_batch_next()) {
      batch += 3;
      share.batch_stepped(3ms, 4);
    } else {
      interactive += 2;
      share.interactive_stepped(2ms);
    }
  }
  EXPECT_NEAR(batch / interactive, 0.1, 0.001);
}

TEST(BatchShareTest, MakesStepsAsShortAsItsShareOfARequest) {
  llama::BatchShare share{0.2};
  EXPECT_EQ(share.most_tokens(), 64) << "nothing is known";
  for (int i = 0; i < 100; ++i) {
    share.interactive_ended(50ms);
    share.batch_stepped(20ms, 8);
  }
  EXPECT_EQ(share.most_tokens(), 4);  // of 2.5 ms each
  for (int i = 0; i < 100; ++i) share.interactive_ended(1ms);
  EXPECT_EQ(share.most_tokens(), 1);
}

TEST(BatchShareTest, SavesNothingUpAndCanBeNothing) {
  llama::BatchShare saved{0.5};
  for (int i = 0; i < 100; ++i) saved.interactive_stepped(10ms);
  EXPECT_TRUE(saved.is_batch_next());
  saved.forget();
  EXPECT_FALSE(saved.is_batch_next());

  llama::BatchShare nothing{0};
  for (int i = 0; i < 100; ++i) nothing.interactive_stepped(10ms);
  EXPECT_FALSE(nothing.is_batch_next());
}

}  // namespace
}  // namespace slm::testing
