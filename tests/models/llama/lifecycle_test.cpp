#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "models/llama/llama_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

using Kind = ModelFailure::Kind;

/// A model that never stops by itself, so that something else must.
std::filesystem::path endless(const std::string& name) {
  return write({.width = 256, .context = 100'000, .follows = {{"a", "a"}}}, name);
}
const LlamaOptions kOneSlot{.context = 20'000, .slots = 1, .threads = 1};

GenerationRequest forever() {
  return {.prompt = "a", .max_tokens = 1'000'000};
}

Kind kind_of(const GenerationResult& result) {
  return std::get<ModelFailure>(result).kind;
}

TEST(LlamaLifecycle, StopsWhenTheDeadlinePassesWhileGenerating) {
  const Model model = llama::load_llama(endless("deadline.gguf"), kOneSlot);
  GenerationRequest request = forever();
  request.patience.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  EXPECT_EQ(kind_of(ask(*model.generator, request)), Kind::expired);
}

TEST(LlamaLifecycle, DropsARequestWhoseDeadlinePassesInTheQueue) {
  const Model model = llama::load_llama(endless("queue.gguf"), kOneSlot);
  std::stop_source stop;
  GenerationRequest first = forever();
  first.patience.cancelled = stop.get_token();
  auto running = begin(*model.generator, first);
  GenerationRequest second = forever();
  second.patience.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
  EXPECT_EQ(kind_of(ask(*model.generator, second)), Kind::expired);  // while the first still has the slot
  EXPECT_EQ(running.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(kind_of(running.get()), Kind::cancelled);
}

TEST(LlamaLifecycle, DropsARequestThatIsCancelledInTheQueueOrBeforeIt) {
  const Model model = llama::load_llama(endless("cancel.gguf"), kOneSlot);
  std::stop_source stop_first, stop_second;
  GenerationRequest first = forever();
  first.patience.cancelled = stop_first.get_token();
  auto running = begin(*model.generator, first);
  GenerationRequest second = forever();
  second.patience.cancelled = stop_second.get_token();
  auto waiting = begin(*model.generator, second);
  stop_second.request_stop();
  EXPECT_EQ(kind_of(waiting.get()), Kind::cancelled);
  EXPECT_EQ(kind_of(ask(*model.generator, second)), Kind::cancelled);
  stop_first.request_stop();
  EXPECT_EQ(kind_of(running.get()), Kind::cancelled);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "a", .max_tokens = 3})), "aaa");
}

TEST(LlamaLifecycle, AnswersAllWhenDestroyedWithWorkUnderWay) {
  std::vector<std::future<GenerationResult>> futures;
  {
    const Model model =
        llama::load_llama(endless("destroy.gguf"), {.context = 20'000, .slots = 2, .threads = 1});
    for (int i = 0; i < 20; ++i) futures.push_back(begin(*model.generator, forever()));
  }
  for (auto& future : futures) {
    ASSERT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    const auto failure = std::get<ModelFailure>(future.get());
    EXPECT_EQ(failure.kind, Kind::failed);
    EXPECT_EQ(failure.reason, "the model was unloaded");
  }
}

TEST(LlamaLifecycle, MayBeLetGoByTheLastAnswersCallback) {
  std::promise<void> destroyed;
  auto model = std::make_shared<Model>(llama::load_llama(endless("own-thread.gguf"), kOneSlot));
  Generator& generator = *model->generator;
  generator.generate({.prompt = "a", .max_tokens = 2}, [&, model](const GenerationResult&) mutable {
    model->info = {};
    model->generator.reset();
    model->scorer.reset();  // the last
    destroyed.set_value();
  });
  model.reset();
  destroyed.get_future().wait();
}

TEST(LlamaLifecycle, TakesRequestsFromManyThreads) {
  const Model model =
      llama::load_llama(write({.width = 256, .follows = {{"a", "b"}, {"b", "</s>"}}}, "threads.gguf"),
                        {.context = 64, .slots = 4, .threads = 1});
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(6);
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        const auto constraint =
            model.generator->compile({ConstraintSource::Language::gbnf, "root ::= [a-c]{1,3}"});
        for (int n = 0; n < 10; ++n) {
          GenerationRequest request{.prompt = "a"};
          if (n % 2 == 0) request.constraint = constraint;
          right += text_of(ask(*model.generator, std::move(request))) == "b" ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 60);
}

TEST(LlamaLifecycle, DecodesOnSeveralThreads) {
  // One step only: llama.cpp's threads wait for each other by spinning, which takes long on a busy machine.
  const Model model = llama::load_llama(endless("spinning.gguf"), {.context = 64, .slots = 1, .threads = 2});
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "a", .max_tokens = 1})), "a");
}

TEST(LlamaLifecycle, PrintsNothing) {
  ::testing::internal::CaptureStderr();
  {
    const Model model = llama::load_llama(write({}, "quiet.gguf"), LlamaOptions{.slots = 2});
    EXPECT_THROW(model.generator->compile({ConstraintSource::Language::gbnf, "root ::= \"a"}), ModelError);
    ask(*model.generator, {.prompt = "a", .max_tokens = 3});
  }
  std::fflush(stderr);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace slm::testing
