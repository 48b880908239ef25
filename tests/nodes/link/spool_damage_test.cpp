#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <random>

#include "tests/nodes/link/spool_fixture.h"

namespace slm::link {
namespace {

using slm::testing::text_of_file;
using Random = std::mt19937;

/// A spool whose file is damaged in many ways, a copy for each.
class SpoolDamage : public SpoolTest {
 protected:
  static constexpr int kEntries = 400;

  /// Nothing here loses power, and syncs are slow.
  SpoolOptions options() {
    auto options = SpoolTest::options();
    options.sync = SpoolOptions::Sync::process;
    return options;
  }

  void SetUp() override {
    Spool spool{options()};
    Random random{1};
    for (int i = 0; i < kEntries; ++i) {
      const auto length = i % 50 == 0 ? 20'000 : random() % 1500;
      const auto payload = std::to_string(i) + std::string(length, static_cast<char>('a' + i % 26));
      written_[append(spool, payload).id] = payload;
    }
    for (int i = 0; i < 5; ++i) {
      spool.remove(written_.begin()->first);
      written_.erase(written_.begin());
    }
    spool.close();
    sound_ = text_of_file(file());
  }

  void put(const std::string& name, const std::string& content) {
    std::ofstream{folder_ / name, std::ios::binary | std::ios::trunc} << content;
  }

  /// Opens the damaged spool and returns how many entries are left. Each must be as it was written, what is
  /// missing must have been reported, and the damaged file be kept.
  std::size_t open_damaged(const std::string& content) {
    put("spool.db", content);
    forget_repairs();
    std::size_t found = 0;
    {
      Spool spool{options()};
      for (const auto& entry : everything(spool)) {
        ++found;
        const auto original = written_.find(entry.id);
        EXPECT_TRUE(original != written_.end() && original->second == entry.payload) << to_string(entry.id);
      }
      store(spool, "it goes on");
    }
    if (repairs().empty()) {
      EXPECT_EQ(found, written_.size());
    } else {
      EXPECT_EQ(repairs().size(), 1U);
      const auto repair = repairs().front();
      EXPECT_EQ(repair.saved, found);
      EXPECT_EQ(repair.lost.value_or(written_.size() - found), written_.size() - found);
      EXPECT_TRUE(text_of_file(repair.set_aside) == content) << repair.damage;
      EXPECT_NE(repair.damage, "");
      std::filesystem::remove(repair.set_aside);
    }
    for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
      const auto name = entry.path().filename().string();
      EXPECT_TRUE(name == "spool.db" || name == "spool.db.lock") << name << " is left behind";
    }
    return found;
  }

  std::map<SpoolId, std::string> written_;
  std::string sound_;
};

TEST_F(SpoolDamage, ASoundFileIsNotRepaired) {
  EXPECT_EQ(open_damaged(sound_), written_.size());
  EXPECT_TRUE(repairs().empty());
}

TEST_F(SpoolDamage, OneBitThatFlipsCostsAPageOfEntriesAtMost) {
  Random random{2};
  for (int round = 0; round < 60; ++round) {
    auto damaged = sound_;
    const auto at = random() % damaged.size();
    const auto bit = random() % 8;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
    EXPECT_GE(open_damaged(damaged), written_.size() - 60) << "bit " << bit << " of byte " << at;
  }
}

TEST_F(SpoolDamage, EveryByteOfTheFirstPageMayBeWrong) {
  Random random{3};
  for (std::size_t at = 0; at < 4096; at += at < 100 ? 1 : 211) {
    auto damaged = sound_;
    damaged[at] = static_cast<char>(~damaged[at]);
    EXPECT_EQ(open_damaged(damaged), written_.size()) << "byte " << at;
  }
}

TEST_F(SpoolDamage, ALostFirstPageLosesNothing) {
  auto damaged = sound_;
  std::fill_n(damaged.begin(), 4096, '\0');
  EXPECT_EQ(open_damaged(damaged), written_.size());
  EXPECT_EQ(repairs().size(), 1U);
}

TEST_F(SpoolDamage, ATruncatedFileKeepsWhatIsLeft) {
  Random random{4};
  for (int round = 0; round < 30; ++round) {
    const auto length = random() % sound_.size();
    const auto found = open_damaged(sound_.substr(0, length));
    EXPECT_EQ(repairs().size(), 1U) << length;
    EXPECT_TRUE(found > 0 || length < sound_.size() / 2) << length;
  }
  for (const std::size_t length : {0U, 1U, 15U, 50U, 99U, 100U, 4095U, 4096U, 4097U})
    EXPECT_EQ(open_damaged(sound_.substr(0, length)), 0U);
}

TEST_F(SpoolDamage, LostAndScrambledBlocksCostTheirEntries) {
  Random random{5};
  for (int round = 0; round < 40; ++round) {
    auto damaged = sound_;
    for (auto blocks = 1 + random() % 4; blocks > 0; --blocks) {
      const auto at = random() % (damaged.size() / 512) * 512;
      std::generate_n(damaged.begin() + static_cast<std::ptrdiff_t>(at), 512,
                      [&] { return static_cast<char>(round % 2 == 0 ? 0U : random() % 256); });
    }
    open_damaged(damaged);
  }
}

TEST_F(SpoolDamage, GarbageIsSetAside) {
  EXPECT_EQ(open_damaged(std::string(100'000, '\x5a')), 0U);
  ASSERT_EQ(repairs().size(), 1U);
}

TEST_F(SpoolDamage, ADamagedLogNeverHarms) {
  put("spool.db", sound_);
  std::string main;
  std::string log;
  {
    Spool spool{options()};
    for (int i = 0; i < 50; ++i) {
      const auto payload = "late " + std::to_string(i) + std::string(500, 'z');
      written_[store(spool, payload)] = payload;
    }
    main = text_of_file(file());
    log = text_of_file(folder_ / "spool.db-wal");
  }
  ASSERT_GT(log.size(), 10'000U);
  Random random{6};
  for (int round = 0; round < 60; ++round) {
    auto damaged = log;
    if (round % 3 == 0) damaged.resize(random() % damaged.size());
    bool is_to_be_reported = false;
    if (round % 3 == 1) {
      const auto at = random() % damaged.size();
      damaged[at] = static_cast<char>(~damaged[at]);
      // In the header of a frame it may look like the log's end.
      is_to_be_reported = at > 32 && (at - 32) % (24 + 4096) >= 24;
    }
    for (int i = 0; round % 3 == 2 && i < 4; ++i)
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    put("spool.db", main);
    put("spool.db-wal", damaged);
    forget_repairs();
    Spool spool{options()};
    for (const auto& entry : everything(spool)) {
      const auto original = written_.find(entry.id);
      ASSERT_TRUE(original != written_.end() && original->second == entry.payload) << to_string(entry.id);
    }
    store(spool, "it goes on");
    EXPECT_TRUE(!is_to_be_reported || repairs().size() == 1);
  }
}

TEST_F(SpoolDamage, DamageThatIsMetWhileItRunsIsRepaired) {
  put("spool.db", sound_);
  Spool spool{options()};
  {
    std::fstream stream{file(), std::ios::binary | std::ios::in | std::ios::out};
    stream.seekp(40 * 4096);
    stream << std::string(4096, '!');
  }
  const auto found = everything(spool).size();
  EXPECT_LT(found, written_.size());
  EXPECT_GT(found, written_.size() - 60);
  ASSERT_EQ(repairs().size(), 1U);
  EXPECT_EQ(repairs()[0].lost, written_.size() - found);
  const auto id = store(spool, "it goes on");
  EXPECT_EQ(everything(spool).back().id, id);
  EXPECT_EQ(spool.stats().repairs, 1U);
}

TEST_F(SpoolDamage, ARepairThatWasInterruptedIsCompletedOrBegunAgain) {
  // Killed while it filled the new file.
  auto damaged = sound_;
  std::fill_n(damaged.begin() + 200'000, 4096, '!');
  put("spool.db", damaged);
  put("spool.db.salvaging", sound_.substr(0, 10'000));
  put("spool.db.salvaging-wal", "x");
  EXPECT_GT(open_damaged(damaged), written_.size() - 60);
  // Killed between the two renames.
  std::filesystem::rename(file(), folder_ / "spool.db.corrupt-1");
  put("spool.db-wal", "old log");
  put("spool.db.salvaging", sound_);
  Spool spool{options()};
  EXPECT_EQ(everything(spool).size(), written_.size());
}

}  // namespace
}  // namespace slm::link
