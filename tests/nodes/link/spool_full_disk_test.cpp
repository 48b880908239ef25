#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <fstream>

#include "nodes/link/spool_inspection.h"
#include "tests/nodes/link/spool_fixture.h"

namespace slm::link {
namespace {

/// A disk of its own that nobody else sees, and that goes away with the test.
class SpoolOnSmallDisk : public SpoolTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(disk());
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=2m") != 0)
      GTEST_SKIP() << "a disk of a test's own needs the right to mount one";
    is_mounted_ = true;
  }
  void TearDown() override {
    if (is_mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }

  std::filesystem::path disk() const { return folder_ / "disk"; }
  SpoolOptions on_disk() {
    auto options = this->options();
    options.file = disk() / "spool.db";
    return options;
  }
  /// Takes all but so much of the disk's free room.
  void leave_free(std::size_t bytes) {
    const auto free = std::filesystem::space(disk()).available;
    std::ofstream{disk() / "ballast", std::ios::binary | std::ios::app} << std::string(free - bytes, 'b');
  }

 private:
  bool is_mounted_ = false;
};

TEST_F(SpoolOnSmallDisk, AFullDiskIsToldAndWritingGoesOnWhenThereIsRoom) {
  std::vector<std::string> stored;
  SpoolId first;
  {
    Spool spool{on_disk()};
    first = store(spool, "0");
    stored.push_back("0");
    leave_free(300 << 10);
    std::string problem;
    while (problem.empty()) {
      const auto text = std::to_string(stored.size()) + std::string(20'000, '.');
      problem = append(spool, text).problem();
      if (problem.empty()) stored.push_back(text);
    }
    EXPECT_EQ(problem, "the disk is full");
    EXPECT_EQ(spool.stats().problem, "the disk is full");
    EXPECT_GT(spool.stats().failed_commits, 0U);
    EXPECT_GT(stored.size(), 2U);
    EXPECT_EQ(payloads(spool), stored);

    spool.remove(first);  // held back as long as it has to be
    append(spool, std::string(20'000, '.')).problem();
    std::filesystem::remove(disk() / "ballast");
    stored.push_back("room");
    store(spool, "room");
    stored.erase(stored.begin());
    EXPECT_EQ(payloads(spool), stored);
    EXPECT_EQ(spool.stats().problem, "");
  }
  Spool spool{on_disk()};
  EXPECT_EQ(payloads(spool), stored);
  EXPECT_TRUE(repairs().empty());
}

TEST_F(SpoolOnSmallDisk, OpeningOnAFullDiskIsRefusedWithTheReason) {
  leave_free(0);
  try {
    Spool{on_disk()};
    FAIL();
  } catch (const SpoolError& error) {
    EXPECT_NE(std::string{error.what()}.find("spool.db: "), std::string::npos) << error.what();
    EXPECT_TRUE(std::string{error.what()}.find("full") != std::string::npos ||
                std::string{error.what()}.find("No space left") != std::string::npos)
        << error.what();
  }
  std::filesystem::remove(disk() / "ballast");
  Spool spool{on_disk()};
  store(spool, "text");
}

TEST_F(SpoolOnSmallDisk, WhereThereIsNoRoomToSalvageADamagedSpoolAnEmptyOneIsBegun) {
  {
    Spool spool{on_disk()};
    for (int i = 0; i < 30; ++i) store(spool, std::string(10'000, 'x'));
  }
  {
    std::fstream file{on_disk().file, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(100'000);
    file << std::string(2'000, '!');
  }
  const auto size = std::filesystem::file_size(on_disk().file);
  leave_free(300 << 10);
  Spool spool{on_disk()};
  store(spool, "text");
  EXPECT_EQ(payloads(spool), std::vector<std::string>{"text"});
  ASSERT_EQ(repairs().size(), 1U);
  EXPECT_EQ(repairs()[0].saved, 0U);
  EXPECT_NE(repairs()[0].damage.find("not salvaged"), std::string::npos) << repairs()[0].damage;
  EXPECT_EQ(std::filesystem::file_size(repairs()[0].set_aside), size);

  std::filesystem::remove(disk() / "ballast");
  const auto later = repair_spool(repairs()[0].set_aside);
  ASSERT_TRUE(later);
  EXPECT_GT(later->saved, 20U);
  EXPECT_LT(later->saved, 30U);
}

}  // namespace
}  // namespace slm::link
