#include "models/model_store.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

const LlamaOptions kSmall{.context = 64, .slots = 2, .threads = 1};

std::filesystem::path file_with(const std::string& name, const std::string& content) {
  std::filesystem::path file = test_folder() / name;
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string error_of(const std::filesystem::path& file, const LlamaOptions& options = kSmall) {
  ModelStore store;
  try {
    store.open_llama(file, options);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

::testing::AssertionResult says(const std::string& error, const std::string& what) {
  if (error.find(what) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << '"' << error << "\" does not say \"" << what << '"';
}

TEST(ModelStore, SharesOneModelAmongAllWhoOpenIt) {
  const auto file = write({}, "shared.gguf");
  std::filesystem::create_symlink(file, test_folder() / "link.gguf");
  ModelStore store;
  const Model first = store.open_llama(file, kSmall);
  const Model second = store.open_llama(test_folder() / "link.gguf", kSmall);
  EXPECT_EQ(first.generator, second.generator);
  LlamaOptions others = kSmall;
  others.slots = 1;
  EXPECT_NE(store.open_llama(file, others).generator, first.generator);
}

TEST(ModelStore, TellsAllWhoOpenAModelWhatItCannotDo) {
  const auto file = write({}, "no-chats.gguf");
  ModelStore store;
  const Model first = store.open_llama(file, kSmall);
  const Model second = store.open_llama(file, kSmall);
  EXPECT_NE(first.no_chat, "");
  EXPECT_EQ(second.no_chat, first.no_chat);
  EXPECT_EQ(second.no_thinking, first.no_thinking);
}

TEST(ModelStore, UnloadsAModelWithItsLastUser) {
  const auto file = write({}, "unloaded.gguf");
  ModelStore store;
  Model model = store.open_llama(file, kSmall);
  const std::weak_ptr<Generator> watched = model.generator;
  Model copy = model;
  model = {};
  EXPECT_FALSE(watched.expired());
  copy = {};
  EXPECT_TRUE(watched.expired());
  EXPECT_NE(store.open_llama(file, kSmall).generator, nullptr);
}

TEST(ModelStore, LoadsAFileAnewWhenItWasReplaced) {
  const auto file = write({.seed = 1}, "replaced.gguf");
  ModelStore store;
  const Model before = store.open_llama(file, kSmall);
  write({.seed = 2, .layers = 3}, "replacement.gguf");
  std::filesystem::rename(test_folder() / "replacement.gguf", file);
  const Model after = store.open_llama(file, kSmall);
  EXPECT_NE(after.generator, before.generator);
  EXPECT_NE(after.info.checksum, before.info.checksum);
}

TEST(ModelStore, LoadsOnceWhenManyOpenTogether) {
  const auto file = write({}, "together.gguf");
  ModelStore store;
  std::vector<Model> models(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(models.size());
    for (Model& model : models) threads.emplace_back([&] { model = store.open_llama(file, kSmall); });
  }
  for (const Model& model : models) EXPECT_EQ(model.generator, models[0].generator);
}

TEST(ModelStore, TellsWhatAFileHoldsWithoutLoadingIt) {
  const auto file = write({.architecture = "qwen3", .layers = 3}, "inspected.gguf");
  const ModelInfo info = inspect(file, {.context = 100, .slots = 2});
  EXPECT_EQ(info.format, "gguf");
  EXPECT_EQ(info.architecture, "qwen3");
  EXPECT_EQ(info.name, "tiny");
  EXPECT_EQ(info.quantisation, "F32");
  EXPECT_EQ(info.tokenizer, "llama");
  EXPECT_EQ(info.context_tokens, 512U);
  EXPECT_EQ(info.vocabulary, 366U);
  EXPECT_EQ(info.file_bytes, std::filesystem::file_size(file));
  EXPECT_EQ(info.checksum.size(), 16U);
  // Three layers of keys and values of 2 heads of 16, two bytes each, for 200 tokens.
  const std::uint64_t keys_and_values = std::uint64_t{200} * 3 * 2 * 2 * 16 * 2;
  const std::uint64_t logits = (2 + 64) * info.vocabulary * sizeof(float);
  EXPECT_EQ(info.memory_bytes, info.parameters * 4 + keys_and_values + logits);
}

TEST(ModelStore, SaysWhatIsWrongWithAFile) {
  EXPECT_TRUE(says(error_of(test_folder() / "missing.gguf"), "missing.gguf: there is no such file"));
  EXPECT_TRUE(says(error_of(test_folder()), "a directory, expected a model file"));
  EXPECT_TRUE(says(error_of(file_with("empty.gguf", "")), "the file is empty"));
  EXPECT_TRUE(
      says(error_of(file_with("text.gguf", "hello, I am no model")), "neither a GGUF nor an ngram model"));
  EXPECT_TRUE(says(error_of(file_with("pointer.gguf", "version https://git-lfs")), "git lfs pull"));
  EXPECT_TRUE(says(error_of("/dev/null"), "no regular file"));
  if (geteuid() != 0) {
    const auto file = write({}, "locked.gguf");
    std::filesystem::permissions(file, std::filesystem::perms::none);
    EXPECT_TRUE(says(error_of(file), "Permission denied"));
  }
}

TEST(ModelStore, NamesTheFormatItFoundInsteadOfTheOneItExpected) {
  const auto ngram = file_with("renamed.gguf", "SLMNGRAM and so on");
  EXPECT_TRUE(says(error_of(ngram), "expected a GGUF model, found an ngram model"));
  ModelStore store;
  const auto gguf = write({}, "renamed.slm");
  try {
    store.open_ngram(gguf);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_TRUE(says(error.what(), "expected an ngram model, found a GGUF model"));
  }
}

TEST(ModelStore, RefusesAModelCutOffAnywhere) {
  const std::string whole = content_of(write({}, "whole.gguf"));
  for (const std::size_t size : {std::size_t{5}, std::size_t{12}, std::size_t{100}, std::size_t{3000},
                                 whole.size() / 2, whole.size() - 1000}) {
    const std::string error = error_of(file_with("cut.gguf", whole.substr(0, size)));
    EXPECT_TRUE(says(error, "cut off")) << size;
  }
}

TEST(ModelStore, SurvivesDamageAnywhereInTheHeader) {
  const std::string whole = content_of(write({}, "sound.gguf"));
  const std::size_t header = 12'000;
  for (std::size_t at = 4; at < header; at += 97) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto file = file_with("damaged.gguf", damaged);
    try {
      inspect(file);  // what it says may be wrong, but it says something
    } catch (const ModelError&) {
    }
  }
}

TEST(ModelStore, RefusesAFormatThatIsTooNew) {
  std::string content = content_of(write({}, "new.gguf"));
  content[4] = 9;
  EXPECT_TRUE(says(error_of(file_with("new.gguf", content)), "GGUF version 9 is newer than the 3"));
}

TEST(ModelStore, RefusesAnArchitectureThatLlamaCppDoesNotKnow) {
  const std::string error = error_of(write({.architecture = "unheard-of"}, "unheard-of.gguf"));
  EXPECT_TRUE(says(error, "unknown model architecture")) << error;
}

TEST(ModelStore, RefusesAVocabularyWithATokenTwice) {
  EXPECT_TRUE(says(error_of(write({.pieces = {"jazz"}}, "twice.gguf")), "the token `jazz` twice"));
}

TEST(ModelStore, RefusesOptionsThatMakeNoSense) {
  const auto file = write({}, "options.gguf");
  EXPECT_TRUE(says(error_of(file, {.context = 4096}), "more than the 512 tokens"));
  EXPECT_TRUE(says(error_of(file, {.slots = 0}), "`slots` is 0"));
  EXPECT_TRUE(says(error_of(file, {.slots = 1000}), "`slots` is 1000"));
  EXPECT_TRUE(says(error_of(file, {.slots = 4, .batch = 2}), "`batch` is 2"));
}

}  // namespace
}  // namespace slm::testing
