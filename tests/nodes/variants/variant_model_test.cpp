#include "nodes/variants/variant_model.h"

#include <gtest/gtest.h>

#include "models/llama/llama_model.h"
#include "models/model_store.h"
#include "models/on_demand_model.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::variants {
namespace {

using slm::testing::ask;
using slm::testing::begin;

const LlamaOptions kOptions{.context = 128, .slots = 2, .threads = 1};

/// Answers anything that ends in `a` with that letter, again and again.
std::filesystem::path letter_model(const std::string& letter) {
  return slm::testing::write({.follows = {{"a", letter}, {letter, letter}}}, letter + ".gguf");
}
Model model_of(const std::string& letter) {
  return ModelStore::instance().open_llama(letter_model(letter), kOptions);
}

struct Asked {
  std::string text;
  std::string variant;
  bool operator==(const Asked&) const = default;
};
Asked asked(const GenerationResult& result) {
  const auto& generation = std::get<Generation>(result);
  return {generation.text, generation.variant ? *generation.variant : ""};
}

TEST(Conditions, AllOfThemHaveToHold) {
  const Readings full{.battery_percent = 100, .is_on_mains = true, .available_memory = 1000};
  const Readings low{.battery_percent = 20, .is_on_mains = false, .available_memory = 10};
  const Readings unknown{};
  const auto each = [&](const Conditions& conditions, std::size_t queue = 0) {
    return std::vector{holds(conditions, full, queue), holds(conditions, low, queue),
                       holds(conditions, unknown, queue)};
  };
  using Held = std::vector<bool>;
  EXPECT_EQ(each({.battery_below = 20.5}), (Held{false, true, false}));
  EXPECT_EQ(each({.battery_below = 20}), (Held{false, false, false}));
  EXPECT_EQ(each({.on_mains = false}), (Held{false, true, false}));
  EXPECT_EQ(each({.on_mains = true}), (Held{true, false, true}));
  EXPECT_EQ(each({.memory_below = aggregate::ByteCount{11}}), (Held{false, true, false}));
  EXPECT_EQ(each({.memory_below = aggregate::ByteCount{1001}}), (Held{true, true, false}));
  EXPECT_EQ(each({.queue_above = 3}, 3), (Held{false, false, false}));
  EXPECT_EQ(each({.queue_above = 3}, 4), (Held{true, true, true}));
  EXPECT_EQ(each({.on_mains = false, .queue_above = 3}, 4), (Held{false, true, false}));
}

TEST(MachineReadings, AreOfThisMachine) {
  const auto readings = machine_readings();
  EXPECT_GT(readings().available_memory.value(), 1U << 20U);
}

TEST(VariantModel, AsksTheFirstWhoseConditionsHold) {
  Readings now;
  VariantModel model{{{"low", model_of("b"), {.battery_below = 10}},
                      {"middle", model_of("c"), {.battery_below = 50}},
                      {"full", model_of("d"), {}}},
                     [&] { return now; }};
  const auto answer = [&] { return asked(ask(model, {.prompt = "a", .max_tokens = 2})); };
  EXPECT_EQ(answer(), (Asked{"dd", "full"})) << "there is no battery";
  now.battery_percent = 49;
  EXPECT_EQ(answer(), (Asked{"cc", "middle"}));
  now.battery_percent = 9;
  EXPECT_EQ(answer(), (Asked{"bb", "low"}));
  now.battery_percent = 50;
  EXPECT_EQ(answer(), (Asked{"dd", "full"}));
}

TEST(VariantModel, CompilesAFormatForEach) {
  Readings now;
  VariantModel model{{{"line", model_of("b"), {.on_mains = true}}, {"battery", model_of("c"), {}}},
                     [&] { return now; }};
  const auto format = model.compile({ConstraintSource::Language::gbnf, R"(root ::= "x" [bc])"});
  const auto answer = [&] {
    return asked(ask(model, {.prompt = "a", .constraint = format, .max_tokens = 4}));
  };
  EXPECT_EQ(answer().variant, "line");
  EXPECT_EQ(answer().text.substr(0, 1), "x");
  now.is_on_mains = false;
  EXPECT_EQ(answer().variant, "battery");
  EXPECT_EQ(answer().text.substr(0, 1), "x");
}

TEST(VariantModel, ScoresChoices) {
  Readings now;
  VariantModel model{{{"line", model_of("b"), {.on_mains = true}}, {"battery", model_of("c"), {}}},
                     [&] { return now; }};
  const auto choices = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"b", "c"});
  const auto first = [&] {
    const auto scores =
        std::get<ChoiceScores>(begin(model, ChoiceRequest{.prompt = "a", .choices = choices}).get());
    return std::pair{*scores.variant, scores.evidence.labels.probabilities[0] > 0.5};
  };
  EXPECT_EQ(first(), (std::pair{std::string{"line"}, true}));
  now.is_on_mains = false;
  EXPECT_EQ(first(), (std::pair{std::string{"battery"}, false}));
}

TEST(VariantModel, GoesByTheRequestsThatAreNotAnswered) {
  std::promise<void> opened;
  const auto file = letter_model("d");
  const auto slow = std::make_shared<OnDemandModel>(
      1,
      [file, gate = opened.get_future().share()](const auto&) {
        gate.wait();
        return llama::load_llama(file, kOptions);
      },
      std::make_shared<MemoryBudget>());
  Model full = model_of("d");
  full.generator = slow;
  VariantModel model{{{"short", model_of("b"), {.queue_above = 1}}, {"full", full, {}}}};
  const GenerationRequest request{.prompt = "a", .max_tokens = 1};
  auto first = begin(model, request), second = begin(model, request);
  EXPECT_EQ(asked(ask(model, request)), (Asked{"b", "short"})) << "two wait";
  opened.set_value();
  EXPECT_EQ(asked(first.get()), (Asked{"d", "full"}));
  EXPECT_EQ(asked(second.get()), (Asked{"d", "full"}));
  EXPECT_EQ(asked(ask(model, request)), (Asked{"d", "full"})) << "none waits any more";
}

TEST(VariantModel, IsOneModelWithTheMemoryOfAll) {
  const Model first = model_of("b"), last = model_of("c");
  const Model both = as_one({{"b", first, {.on_mains = false}}, {"c", last, {}}});
  EXPECT_EQ(both.info.memory_bytes, first.info.memory_bytes + last.info.memory_bytes);
  EXPECT_EQ(both.info.file, last.info.file);
  const Model other = as_one({{"c", last, {.on_mains = false}}, {"b", first, {}}});
  EXPECT_NE(both.info.checksum, other.info.checksum);
  EXPECT_NE(both.info.checksum, last.info.checksum);
  EXPECT_EQ(both.info.checksum, as_one({first.info, last.info}).checksum);
}

}  // namespace
}  // namespace slm::variants
