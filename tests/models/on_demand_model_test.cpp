#include "models/on_demand_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "models/llama/llama_model.h"
#include "models/model_store.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

using Kind = ModelFailure::Kind;
using namespace std::chrono_literals;

const LlamaOptions kOnDemand{.context = 256, .load = LlamaOptions::Load::on_demand, .slots = 2, .threads = 1};

std::uint64_t bytes_of(const std::filesystem::path& file) {
  return inspect(file, kOnDemand).memory_bytes;
}

bool is_loaded(const Model& model) {
  return dynamic_cast<const OnDemandModel&>(*model.generator).is_loaded();
}

/// A model that answers by itself, on demand, as a real one does that takes so long to load.
class Slow {
 public:
  Slow(const std::filesystem::path& file, std::shared_ptr<MemoryBudget> budget,
       std::chrono::milliseconds takes)
      : model_(
            bytes_of(file),
            [this, file, takes](const std::function<bool()>& is_wanted) {
              ++loads_;
              for (const auto end = std::chrono::steady_clock::now() + takes;
                   std::chrono::steady_clock::now() < end;) {
                if (!is_wanted()) throw ModelError("nobody waits for it any more");
                std::this_thread::sleep_for(1ms);
              }
              return llama::load_llama(file, kOnDemand);
            },
            std::move(budget)) {}

  OnDemandModel& model() { return model_; }
  int loads() const { return loads_; }

 private:
  std::atomic<int> loads_{0};
  OnDemandModel model_;
};

TEST(OnDemandModel, IsLoadedByItsFirstRequestAndAnswersAsOneThatIsThereAnyway) {
  const auto file = write({}, "first.gguf");
  const Model there = ModelStore().open_llama(file, {.context = 256, .slots = 2, .threads = 1});
  ModelStore store;
  const Model model = store.open_llama(file, kOnDemand);
  EXPECT_EQ(store.open_llama(file, kOnDemand).generator, model.generator) << "one for all who open it";
  EXPECT_FALSE(is_loaded(model));
  EXPECT_EQ(model.info.memory_bytes, there.info.memory_bytes);
  EXPECT_EQ(model.no_chat, there.no_chat);
  EXPECT_EQ(text_of(ask(*model.generator, {.prompt = "play"})),
            text_of(ask(*there.generator, {.prompt = "play"})));
  EXPECT_TRUE(is_loaded(model));
  const auto choices = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "bc"});
  const auto of = [&](const Model& one) {
    return std::get<ChoiceScores>(begin(*one.scorer, {.prompt = "x", .choices = choices}).get())
        .evidence.labels;
  };
  EXPECT_NEAR(of(model).probabilities[0], of(there).probabilities[0], 1e-3);
}

TEST(OnDemandModel, CompilesFormatsForWhicheverModelIsLoaded) {
  const auto one = write({.seed = 1}, "format-1.gguf"), other = write({.seed = 2}, "format-2.gguf");
  ModelStore store;
  store.set_memory(bytes_of(one) * 3 / 2);  // room for one of them
  const Model first = store.open_llama(one, kOnDemand), second = store.open_llama(other, kOnDemand);
  const auto constraint =
      first.generator->compile({ConstraintSource::Language::gbnf, R"(root ::= "ja" | "no")"});
  for (int round = 0; round < 3; ++round) {
    const std::string text = text_of(ask(*first.generator, {.prompt = "a", .constraint = constraint}));
    EXPECT_TRUE(text == "ja" || text == "no") << text;
    EXPECT_NE(text_of(ask(*second.generator, {.prompt = "a"})), "");
    EXPECT_FALSE(is_loaded(first));
    EXPECT_TRUE(is_loaded(second));
  }
  EXPECT_THROW(first.generator->compile({ConstraintSource::Language::gbnf, "root ::= nothing"}), ModelError);
}

TEST(OnDemandModel, KeepsTheDeadlineOfARequestThatWaitsForIt) {
  const auto file = write({}, "slow.gguf");
  Slow slow(file, std::make_shared<MemoryBudget>(), 300ms);
  GenerationRequest hasty{.prompt = "a"};
  const auto began = std::chrono::steady_clock::now();
  hasty.patience.deadline = began + 30ms;
  auto late = begin(slow.model(), hasty);
  auto patient = begin(slow.model(), GenerationRequest{.prompt = "a"});
  EXPECT_EQ(std::get<ModelFailure>(late.get()).kind, Kind::expired);
  EXPECT_EQ(patient.wait_for(0s), std::future_status::timeout) << "the other goes on waiting";
  EXPECT_TRUE(std::holds_alternative<Generation>(patient.get()));
  EXPECT_EQ(slow.loads(), 1);
}

TEST(OnDemandModel, IsNotLoadedToTheEndForNobody) {
  const auto file = write({}, "unwanted.gguf");
  Slow slow(file, std::make_shared<MemoryBudget>(), 10s);
  std::stop_source stop;
  GenerationRequest request{.prompt = "a"};
  request.patience.cancelled = stop.get_token();
  auto cancelled = begin(slow.model(), request);
  std::this_thread::sleep_for(20ms);
  stop.request_stop();
  EXPECT_EQ(std::get<ModelFailure>(cancelled.get()).kind, Kind::cancelled);
  EXPECT_FALSE(slow.model().is_loaded());
}

TEST(OnDemandModel, IsLoadedAgainForWhoComesWhileALoadIsGivenUp) {
  const auto file = write({}, "given-up.gguf");
  std::atomic<bool> has_begun{false}, is_given_up{false}, has_come{false};
  const auto load = [&](const std::function<bool()>& is_wanted) {
    if (is_given_up) return llama::load_llama(file, kOnDemand);
    has_begun = true;
    while (is_wanted()) std::this_thread::sleep_for(1ms);
    is_given_up = true;
    while (!has_come) std::this_thread::sleep_for(1ms);
    throw ModelError("nobody waits for it any more");
  };
  OnDemandModel model(bytes_of(file), load, std::make_shared<MemoryBudget>());
  std::stop_source stop;
  GenerationRequest request{.prompt = "a"};
  request.patience.cancelled = stop.get_token();
  auto cancelled = begin(model, request);
  while (!has_begun) std::this_thread::sleep_for(1ms);
  stop.request_stop();
  while (!is_given_up) std::this_thread::sleep_for(1ms);
  auto other = begin(model, GenerationRequest{.prompt = "a"});
  has_come = true;
  EXPECT_EQ(std::get<ModelFailure>(cancelled.get()).kind, Kind::cancelled);
  EXPECT_TRUE(std::holds_alternative<Generation>(other.get()));
}

TEST(OnDemandModel, TellsWhyItCannotBeLoadedAndTriesAgain) {
  const auto file = write({}, "vanishes.gguf");
  ModelStore store;
  const Model model = store.open_llama(file, kOnDemand);
  const auto away = test_folder() / "elsewhere.gguf";
  std::filesystem::rename(file, away);
  const auto failure = std::get<ModelFailure>(ask(*model.generator, {.prompt = "a"}));
  EXPECT_EQ(failure.cause, ModelFailure::Cause::unavailable);
  EXPECT_NE(failure.reason.find("vanishes.gguf"), std::string::npos) << failure.reason;
  std::filesystem::rename(away, file);
  EXPECT_TRUE(std::holds_alternative<Generation>(ask(*model.generator, {.prompt = "a"})));
}

TEST(OnDemandModel, AnswersAllWhenItIsDestroyed) {
  const auto file = write({}, "destroyed.gguf");
  std::vector<std::future<GenerationResult>> waiting;
  {
    Slow slow(file, std::make_shared<MemoryBudget>(), 10s);
    for (int i = 0; i < 5; ++i) waiting.push_back(begin(slow.model(), GenerationRequest{.prompt = "a"}));
  }
  for (auto& one : waiting) {
    ASSERT_EQ(one.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(text_of(one.get()), "<the model was unloaded>");
  }
  std::promise<void> done;
  auto model = std::make_shared<Slow>(file, std::make_shared<MemoryBudget>(), 0ms);
  auto* itself = &model->model();
  itself->generate({.prompt = "a"}, [kept = std::move(model), &done](const GenerationResult&) mutable {
    kept.reset();  // by an answer's callback, on a thread of the model
    done.set_value();
  });
  done.get_future().get();
}

TEST(MemoryBudget, RefusesWhatCanNeverFit) {
  const auto file = write({}, "too-big.gguf");
  ModelStore store;
  store.set_memory(bytes_of(file) - 1);
  const LlamaOptions stays{.context = 256, .slots = 2, .threads = 1};
  for (const auto& options : {kOnDemand, stays}) EXPECT_THROW(store.open_llama(file, options), ModelError);
  store.set_memory(bytes_of(file) * 3 / 2);
  const Model on_demand = store.open_llama(file, kOnDemand);
  {
    const Model staying = store.open_llama(file, stays);
    EXPECT_THROW(store.open_llama(write({.seed = 2}, "second.gguf"), stays), ModelError);
    const auto failure = std::get<ModelFailure>(ask(*on_demand.generator, {.prompt = "a"}));
    EXPECT_EQ(failure.cause, ModelFailure::Cause::unavailable);
    EXPECT_NE(failure.reason.find("always loaded"), std::string::npos) << failure.reason;
  }
  EXPECT_TRUE(std::holds_alternative<Generation>(ask(*on_demand.generator, {.prompt = "a"})));
}

TEST(MemoryBudget, UnloadsTheModelThatWasUsedLeastRecently) {
  std::vector<std::filesystem::path> files;
  for (const char* name : {"lru-0.gguf", "lru-1.gguf", "lru-2.gguf"}) files.push_back(write({}, name));
  ModelStore store;
  store.set_memory(bytes_of(files[0]) * 5 / 2);  // room for two of three
  std::vector<Model> models;
  for (const auto& file : files) models.push_back(store.open_llama(file, kOnDemand));
  const auto use = [&](std::size_t i) { EXPECT_NE(text_of(ask(*models[i].generator, {.prompt = "a"})), ""); };
  use(0);
  use(1);
  use(0);
  use(2);
  EXPECT_TRUE(is_loaded(models[0]));
  EXPECT_FALSE(is_loaded(models[1]));
  EXPECT_TRUE(is_loaded(models[2]));
}

TEST(MemoryBudget, HoldsWhileManyModelsAreAskedTogether) {
  // Six models, room for two, and requests to all of them from four threads: each has its one answer, and
  // never are more loaded than there is room for.
  constexpr std::size_t kModels = 6;
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < kModels; ++i)
    files.push_back(write({.seed = i + 1}, "many-" + std::to_string(i) + ".gguf"));
  std::vector<std::string> expected;
  for (const auto& file : files)
    expected.push_back(
        text_of(ask(*llama::load_llama(file, kOnDemand).generator, {.prompt = "play", .max_tokens = 5})));
  ModelStore store;
  store.set_memory(bytes_of(files[0]) * 5 / 2);
  std::vector<Model> models;
  for (const auto& file : files) models.push_back(store.open_llama(file, kOnDemand));
  std::atomic<bool> is_over{false};
  std::size_t most = 0;
  std::thread watch([&] {
    while (!is_over) {
      most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(models, is_loaded)));
      std::this_thread::sleep_for(1ms);
    }
  });
  std::atomic<int> answered{0}, expired{0};
  std::vector<std::thread> users;
  for (unsigned user = 0; user < 4; ++user) {
    users.emplace_back([&, user] {
      std::mt19937 random(user);
      for (int i = 0; i < 25; ++i) {
        const std::size_t which = random() % kModels;
        GenerationRequest request{.prompt = "play", .max_tokens = 5};
        const bool is_hasty = random() % 4 == 0;
        if (is_hasty) request.patience.deadline = std::chrono::steady_clock::now() + 2ms;
        const GenerationResult result = ask(*models[which].generator, std::move(request));
        if (std::holds_alternative<Generation>(result)) {
          EXPECT_EQ(text_of(result), expected[which]);
          ++answered;
        } else {
          EXPECT_TRUE(is_hasty) << text_of(result);
          EXPECT_EQ(std::get<ModelFailure>(result).kind, Kind::expired);
          ++expired;
        }
      }
    });
  }
  for (std::thread& user : users) user.join();
  is_over = true;
  watch.join();
  EXPECT_EQ(answered + expired, 100);
  EXPECT_GT(answered, 50);
  EXPECT_LE(most, 2U);
}

}  // namespace
}  // namespace slm::testing
