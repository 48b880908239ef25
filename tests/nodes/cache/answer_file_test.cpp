// The file of a cache: what survives in it, and what is made of one that is damaged, in use, or full.

#include "nodes/cache/answer_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "tests/nodes/cache/set_clock.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::cache {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AnswerFileTest : public ::testing::Test {
 protected:
  std::shared_ptr<AnswerFile> open() {
    return AnswerFile::open(file_, [this](const std::string& line) { log_ += line + "\n"; });
  }
  KeptLine line(std::uint64_t key, std::string text, std::chrono::milliseconds since = 5s) {
    return {key, std::make_shared<const std::string>(std::move(text)), WallTime{since}};
  }
  /// What the file holds, by key.
  std::map<std::uint64_t, std::string> content() {
    std::map<std::uint64_t, std::string> lines;
    for (const KeptLine& one : open()->take_lines()) lines[one.key] = *one.line;
    return lines;
  }
  void fill(int count) {
    const auto file = open();
    for (int i = 1; i <= count; ++i)
      file->put(line(static_cast<std::uint64_t>(i), "line " + std::to_string(i) + std::string(500, 'x')));
  }
  void overwrite(std::int64_t at, const std::string& bytes) {
    std::fstream stream{file_, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(at);
    stream << bytes;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "answers.cache";
  std::string log_;
};

TEST_F(AnswerFileTest, HoldsWhatWasPutLast) {
  {
    const auto file = open();
    EXPECT_TRUE(file->take_lines().empty());
    file->put(line(2, "two", 7s));
    file->put(line(1, "one", 6s));
    file->flush();
    file->put(line(2, std::string("zwei\0ü", 7), 8s));
    file->put(line(~0ULL, "", 5s));
    file->put(line(4, "four"));
    file->remove(4);
  }
  const auto lines = open()->take_lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].key, ~0ULL) << "the oldest first";
  EXPECT_EQ(*lines[0].line, "");
  EXPECT_EQ(*lines[1].line, "one");
  EXPECT_EQ(*lines[2].line, std::string("zwei\0ü", 7));
  EXPECT_EQ(lines[2].since, WallTime{8s});
  EXPECT_EQ(log_, "");
}

TEST_F(AnswerFileTest, KeepsToTheBoundsOfTheLinesInMemory) {
  SetClock clock;
  const auto kept = [&](Bounds bounds) {
    auto lines = std::make_unique<KeptLines>(bounds, clock.reader());
    const auto file = open();
    lines->restore(file->take_lines(), file);
    return lines;
  };
  {
    const auto lines = kept({10, 1U << 20U, 100s});
    for (std::uint64_t key = 1; key <= 25; ++key) lines->put(key, "x");
  }
  EXPECT_EQ(content().size(), 10U);
  EXPECT_EQ(kept({4, 1U << 20U, 100s})->size(), 4U);
  EXPECT_EQ(content().size(), 4U);
  EXPECT_EQ(content().begin()->first, 22U) << "the newest stay";
  clock.pass(100s);
  EXPECT_EQ(kept({4, 1U << 20U, 100s})->size(), 0U);
  EXPECT_EQ(content().size(), 0U);
}

TEST_F(AnswerFileTest, HoldsWhatMemoryHoldsWhoeverPutsIt) {
  std::map<std::uint64_t, std::string> kept;
  {
    KeptLines lines{{50, 1U << 20U, {}}, std::chrono::system_clock::now};
    lines.restore({}, open());
    const auto work = [&](unsigned seed) {
      std::mt19937 random{seed};
      for (int i = 0; i < 2000; ++i) {
        const std::uint64_t key = random() % 100;
        if (i % 3 == 0) lines.put(key, "line " + std::to_string(key));
        if (i % 17 == 0) lines.remove(key);
        const auto found = lines.find(key);
        if (found) {
          EXPECT_EQ(*found, "line " + std::to_string(key));
        }
      }
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
    }
    for (std::uint64_t key = 0; key < 100; ++key)
      if (const auto line = lines.find(key)) kept[key] = *line;
  }
  EXPECT_GT(kept.size(), 10U);
  EXPECT_EQ(content(), kept);
}

TEST_F(AnswerFileTest, ServesOneAtATime) {
  {
    const auto first = open();
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(log_, HasSubstr("process " + std::to_string(::getpid()) + " has it open"));
    first->put(line(1, "one"));
  }
  EXPECT_EQ(content().size(), 1U);
}

TEST_F(AnswerFileTest, LeavesFilesAloneThatAreNone) {
  std::ofstream{file_} << "requests that somebody needs";
  EXPECT_THROW(open(), std::runtime_error);
  std::ifstream stream{file_};
  std::string text;
  std::getline(stream, text);
  EXPECT_EQ(text, "requests that somebody needs");
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".lock"));

  file_ = folder_ / "not_there/answers.cache";
  EXPECT_THROW(open(), std::runtime_error);
}

TEST_F(AnswerFileTest, SetsADamagedFileAside) {
  fill(50);
  const auto size = std::filesystem::file_size(file_);
  const std::vector<std::function<void()>> damages{
      [&] { overwrite(0, std::string(200, '\xff')); },
      [&] { overwrite(4096, std::string(4096, '\0')); },
      [&] { std::filesystem::resize_file(file_, size / 2 + 100); },
      [&] { overwrite(0, std::string(static_cast<std::size_t>(size), 'x')); },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    damages[i]();
    log_.clear();
    const auto file = open();
    ASSERT_NE(file, nullptr) << i << log_;
    EXPECT_TRUE(file->take_lines().empty()) << i;
    EXPECT_THAT(log_, HasSubstr("answers.cache.corrupt; a new one is begun")) << i;
    EXPECT_TRUE(std::filesystem::exists(file_.string() + ".corrupt"));
    for (std::uint64_t key = 1; key <= 50; ++key) file->put(line(key, std::string(500, 'y')));
  }
}

TEST_F(AnswerFileTest, LeavesOutLinesThatHaveChanged) {
  fill(3);
  std::string bytes(static_cast<std::size_t>(std::filesystem::file_size(file_)), '\0');
  std::ifstream{file_, std::ios::binary}.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  overwrite(static_cast<std::int64_t>(bytes.find("line 2")), "lime 2");
  const auto lines = content();
  EXPECT_THAT(log_, HasSubstr("1 of its answers were damaged and are left out"));
  EXPECT_EQ(lines.size(), 2U);
  EXPECT_FALSE(lines.contains(2));
  log_.clear();
  EXPECT_EQ(content().size(), 2U);
  EXPECT_EQ(log_, "") << "they are gone from the file";
}

TEST_F(AnswerFileTest, IsWholeWheneverItsProcessIsKilled) {
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto file = open();
      for (std::uint64_t key = 1;; ++key) {
        file->put(line(key % 5000, "line " + std::to_string(key % 5000) + std::string(key % 700, 'x')));
        if (key % 100 == 0) file->flush();
        if (key == 1000 && ::write(ready[1], "x", 1) != 1) std::abort();
      }
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    const auto lines = content();
    EXPECT_GE(lines.size(), 1000U);
    for (const auto& [key, text] : lines)
      ASSERT_EQ(text.substr(0, text.find('x')), "line " + std::to_string(key));
    EXPECT_EQ(log_, "");
  }
}

TEST_F(AnswerFileTest, StopsWritingWhereThereIsNoRoomAndTellsOnce) {
  fill(3);
  // In a process of its own, since the bound on the size of files is of the whole process.
  const pid_t child = ::fork();
  if (child == 0) {
    auto file = open();
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    for (std::uint64_t key = 1; key <= 500; ++key) {
      file->put(line(key, std::string(1000, 'x')));
      file->flush();
    }
    file.reset();
    const auto first = log_.find("nothing more is written");
    ::_exit(first != std::string::npos && log_.find("nothing", first + 1) == std::string::npos ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_GE(content().size(), 3U);
  EXPECT_EQ(log_, "");
}

}  // namespace
}  // namespace slm::cache
