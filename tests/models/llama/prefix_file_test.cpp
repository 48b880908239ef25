#include "models/llama/prefix_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "models/llama/llama_model.h"
#include "models/model_store.h"
#include "tests/models/llama/ask.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 32;

/// Some 180 tokens of a tiny model.
std::string instructions(const std::string& what) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += "play " + what + " and blues " + std::to_string(i) + "\n";
  return text;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_content(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

struct stat status_of(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return status;
}

Generation generated(const Model& model, const std::string& prompt) {
  return std::get<Generation>(ask(*model.generator, {.prompt = prompt, .max_tokens = 8}));
}

/// Two requests with the same instructions.
void share(const Model& model, const std::string& what = "jazz") {
  for (const char* end : {"one", "two"}) generated(model, instructions(what) + end);
}

class LlamaPrefixFile : public ::testing::Test {
 protected:
  LlamaPrefixFile() { options_.prefix_file = file_; }

  Model loaded() { return loaded(model_, options_); }
  Model loaded(const fs::path& model, const LlamaOptions& options) {
    return llama::load_llama(model, options, nullptr, [this](const std::string& line) {
      const std::lock_guard lock{mutex_};
      told_.push_back(line);
    });
  }
  /// Expects a model that has nothing of the file, and says why.
  void expect_ignored(const fs::path& model, const LlamaOptions& options, const std::string& why) {
    LlamaOptions without = options;
    without.prefix_file.clear();
    told_.clear();
    const Generation answer = generated(loaded(model, options), prompt_);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_[0].find(why), std::string::npos) << told_[0];
    EXPECT_EQ(answer.cached_tokens, 0);
    EXPECT_EQ(answer.text, generated(loaded(model, without), prompt_).text);
    told_.clear();
  }
  /// Expects a file from which the first request has its beginning.
  void expect_sound() {
    told_.clear();
    EXPECT_GT(generated(loaded(), prompt_).cached_tokens, 100);
    EXPECT_EQ(told_, std::vector<std::string>{});
  }

  const std::string name_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const fs::path model_ = write({.width = 128}, name_ + ".gguf");
  const fs::path file_ = test_folder() / (name_ + ".prefix");
  const std::string prompt_ = instructions("jazz") + "four";
  LlamaOptions options_{.context = 512, .slots = 2, .threads = 1};
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(LlamaPrefixFile, GivesItsBeginningToTheFirstRequestAfterARestart) {
  for (const char* architecture : {"llama", "qwen3", "phi3"}) {
    const fs::path model = write({.architecture = architecture}, name_ + architecture + ".gguf");
    fs::remove(file_);
    Generation before;
    {
      const Model first = loaded(model, options_);
      share(first);
      before = generated(first, prompt_);
    }
    EXPECT_EQ(status_of(file_).st_mode & 0777U, 0600U) << "it holds tokens of prompts";
    const Generation again = generated(loaded(model, options_), prompt_);
    EXPECT_GT(again.cached_tokens, 100);
    EXPECT_EQ(again.cached_tokens, before.cached_tokens);
    EXPECT_EQ(again.text, before.text);
  }
  EXPECT_EQ(told_, std::vector<std::string>{});
}

TEST_F(LlamaPrefixFile, IsWrittenOnlyWhereThereIsSomethingNew) {
  generated(loaded(), prompt_);
  EXPECT_FALSE(fs::exists(file_)) << "nothing was shared";
  share(loaded());
  const auto inode = status_of(file_).st_ino;
  share(loaded());
  EXPECT_EQ(status_of(file_).st_ino, inode);
  share(loaded(), "rock");
  EXPECT_NE(status_of(file_).st_ino, inode);
  expect_sound();
}

TEST_F(LlamaPrefixFile, IsIgnoredAndReplacedWhereItIsCutOff) {
  share(loaded());
  const std::string sound = content_of(file_);
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{5}, std::size_t{8}, kHeaderBytes - 1, kHeaderBytes, 2 * kHeaderBytes - 1,
        2 * kHeaderBytes, sound.size() / 2, sound.size() - 1}) {
    write_content(file_, sound.substr(0, bytes));
    expect_ignored(model_, options_, "cut off");
    share(loaded());
    expect_sound();
  }
  write_content(file_, sound + '\0');
  expect_ignored(model_, options_, "cut off");
}

TEST_F(LlamaPrefixFile, IsIgnoredAndReplacedWhereAByteIsWrong) {
  share(loaded());
  const std::string sound = content_of(file_);
  for (std::size_t at = 8; at < sound.size(); at += at < 2 * kHeaderBytes ? 1 : sound.size() / 20) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    write_content(file_, damaged);
    expect_ignored(model_, options_, "prompts are evaluated anew");
  }
  share(loaded());
  expect_sound();
}

TEST_F(LlamaPrefixFile, IsIgnoredWhereItIsOfAnotherModelOrOfOtherOptions) {
  share(loaded());
  const std::string why = "of another model, of other options or of another llama.cpp";
  expect_ignored(write({.seed = 2, .width = 128}, name_ + "-other.gguf"), options_, why);
  LlamaOptions others = options_;
  others.kv_type = LlamaOptions::KvType::q8_0;
  expect_ignored(model_, others, why);
  others = options_;
  others.slots = 3;
  expect_ignored(model_, others, why);
  others = options_;
  others.context = 256;
  expect_ignored(model_, others, why);
  expect_sound();
}

TEST_F(LlamaPrefixFile, LeavesAFileAloneThatIsSomethingElse) {
  for (const std::string content : {"a diary", "the diary of somebody else"}) {
    write_content(file_, content);
    told_.clear();
    share(loaded());
    ASSERT_EQ(told_.size(), 2U) << "when it is loaded and when it goes";
    EXPECT_NE(told_[1].find("is no such file, and is left as it is"), std::string::npos) << told_[1];
    EXPECT_EQ(content_of(file_), content);
  }
}

TEST_F(LlamaPrefixFile, GivesUpWhatWasLeastRecentlyUsedWhereThereIsLessRoom) {
  {
    const Model model = loaded();
    for (const char* what : {"jazz", "rock", "folk"}) share(model, what);
    for (const char* what : {"other", "more"}) generated(model, instructions(what));  // in both slots
    generated(model, prompt_);
  }
  // Room for one of the beginnings.
  options_.prefix_bytes = fs::file_size(file_) / 2;
  const Model model = loaded();
  EXPECT_GT(generated(model, prompt_).cached_tokens, 100);
  EXPECT_EQ(generated(model, instructions("rock") + "three").cached_tokens, 0);
  EXPECT_EQ(told_, std::vector<std::string>{});
}

TEST_F(LlamaPrefixFile, IsReadAndWrittenEachTimeThatAModelComesAndGoes) {
  const fs::path other_file = write({.seed = 2}, name_ + "-other.gguf");
  options_.load = LlamaOptions::Load::on_demand;
  ModelStore store;
  store.set_memory(inspect(model_, options_).memory_bytes * 3 / 2);  // room for one of them
  LlamaOptions without = options_;
  without.prefix_file.clear();
  const Model model = store.open_llama(model_, options_), other = store.open_llama(other_file, without);
  share(model);
  EXPECT_FALSE(fs::exists(file_));
  for (const char* what : {"jazz", "rock"}) {
    generated(other, "a");  // in its place
    EXPECT_GT(generated(model, instructions(what) + "three").cached_tokens, 100) << what;
    share(model, "rock");
  }
}

TEST_F(LlamaPrefixFile, ThatCannotBeWrittenIsToldAndNoFailure) {
  options_.prefix_file = "/proc/no-such.prefix";  // where not even root makes a file
  share(loaded());
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NE(told_[0].find("cannot write /proc/no-such.prefix"), std::string::npos) << told_[0];
  options_.prefix_file = test_folder();  // a folder
  share(loaded());
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(LlamaPrefixFile, IsAnErrorWhereThereIsNoFolderForIt) {
  const auto error = [&](const fs::path& file) -> std::string {
    options_.prefix_file = file;
    try {
      ModelStore().open_llama(model_, options_);
      return "";
    } catch (const ModelError& problem) {
      return problem.what();
    }
  };
  for (const auto load : {LlamaOptions::Load::at_start, LlamaOptions::Load::on_demand}) {
    options_.load = load;
    EXPECT_NE(error(test_folder() / "absent" / "a.prefix").find("there is no folder"), std::string::npos);
    EXPECT_NE(error(test_folder()).find("a folder, expected a file"), std::string::npos);
    EXPECT_EQ(error(file_), "");
    EXPECT_EQ(error("in-the-current-folder.prefix"), "");
  }
}

TEST_F(LlamaPrefixFile, IsThatOfTheLastToWriteIt) {
  for (int round = 0; round < 10; ++round) {
    fs::remove(file_);
    {
      std::vector<std::jthread> threads;
      for (const int slots : {1, 2, 3}) {
        threads.emplace_back([this, slots, options = options_]() mutable {
          options.slots = slots;
          share(loaded(model_, options));
        });
      }
    }
    for (const std::string& line : told_) EXPECT_NE(line.find("of other options"), std::string::npos) << line;
    told_.clear();
    int readers = 0;
    for (const int slots : {1, 2, 3}) {
      LlamaOptions options = options_;
      options.slots = slots;
      readers += generated(loaded(model_, options), prompt_).cached_tokens > 0 ? 1 : 0;
    }
    EXPECT_EQ(readers, 1);
    EXPECT_EQ(told_.size(), 2U);
    told_.clear();
  }
}

}  // namespace
}  // namespace slm::testing
