// What stays in memory, and what goes first.

#include "nodes/cache/kept_lines.h"

#include <gmock/gmock.h>

#include <random>
#include <vector>

#include "tests/nodes/cache/set_clock.h"

namespace slm::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMuch = 1U << 30U;

/// Notes what it is told.
struct Notes : Journal {
  void put(const KeptLine& line) override { told.push_back(std::string{"+"}.append(*line.line)); }
  void remove(std::uint64_t key) override { told.push_back(std::string{"-"}.append(std::to_string(key))); }
  std::vector<std::string> told;
};

std::string text_of(const std::shared_ptr<const std::string>& line) {
  return line ? *line : "nothing";
}

TEST(KeptLines, GiveWhatWasKeptLastUnderAKey) {
  KeptLines lines{{10, kMuch, {}}, std::chrono::system_clock::now};
  EXPECT_EQ(text_of(lines.find(1)), "nothing");
  lines.put(1, "one");
  lines.put(1, "uno");
  EXPECT_EQ(text_of(lines.find(1)), "uno");
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.bytes(), 3 + KeptLines::kOverheadBytes);
}

TEST(KeptLines, LetGoOfThatWhichWasNotAskedForLongest) {
  KeptLines lines{{3, kMuch, {}}, std::chrono::system_clock::now};
  for (std::uint64_t key = 1; key <= 3; ++key) lines.put(key, "x");
  lines.find(1);
  lines.put(4, "x");
  EXPECT_EQ(text_of(lines.find(2)), "nothing");
  for (const std::uint64_t key : {1U, 3U, 4U}) EXPECT_EQ(text_of(lines.find(key)), "x") << key;
}

TEST(KeptLines, KeepToTheirBytesWhateverComes) {
  constexpr std::uint64_t kBytes = 10'000;
  KeptLines lines{{1000, kBytes, {}}, std::chrono::system_clock::now};
  std::mt19937 random{1};
  std::uint64_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    lines.put(random() % 100, std::string(random() % 3000, 'x'));
    if (i % 7 == 0) lines.remove(random() % 100);
    ASSERT_LE(lines.bytes(), kBytes);
    most = std::max(most, lines.bytes());
  }
  EXPECT_GT(most, kBytes * 8 / 10) << "the room is used";
  const std::uint64_t before = lines.bytes();
  lines.put(1000, std::string(kBytes, 'x'));
  EXPECT_EQ(lines.bytes(), before) << "what has no room at all drives nothing out";
}

TEST(KeptLines, GiveNothingThatIsTooOld) {
  SetClock clock;
  KeptLines lines{{10, kMuch, 60s}, clock.reader()};
  lines.put(1, "one");
  clock.pass(59s);
  EXPECT_EQ(text_of(lines.find(1)), "one");
  clock.pass(1s);
  EXPECT_EQ(text_of(lines.find(1)), "nothing") << "having been asked for makes it no younger";
  EXPECT_EQ(lines.size(), 0U);
}

TEST(KeptLines, TellTheJournalAllThatChanges) {
  SetClock clock;
  KeptLines lines{{2, kMuch, 60s}, clock.reader()};
  const auto line = [&](std::uint64_t key, const char* text, std::chrono::seconds age) {
    return KeptLine{key, std::make_shared<const std::string>(text), clock.reader()() - age};
  };
  const auto notes = std::make_shared<Notes>();
  lines.restore({line(1, "too old", 60s), line(2, "b", 50s), line(3, "c", 30s), line(4, "d", 10s)}, notes);
  EXPECT_THAT(notes->told, ::testing::ElementsAre("-1", "-2"));
  EXPECT_EQ(text_of(lines.find(4)), "d");

  notes->told.clear();
  lines.put(4, "D");
  lines.put(5, "e");
  lines.remove(5);
  clock.pass(60s);
  lines.find(4);
  EXPECT_THAT(notes->told, ::testing::ElementsAre("+D", "+e", "-3", "-5", "-4"));
}

}  // namespace
}  // namespace slm::cache
