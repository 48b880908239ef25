#include "nodes/link/allow_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "nodes/link/refusal_log.h"
#include "tests/nodes/link/key_folder.h"

namespace slm::link {
namespace {

using testing::KeyFolder;
using testing::TemporaryFolder;

class AllowLists : public ::testing::Test {
 protected:
  AllowList open() {
    return AllowList{folder_.path(), [this](const std::string& message) { reports_.push_back(message); }};
  }
  /// How many reports tell of that entry of the folder.
  std::ptrdiff_t reports_of(const std::string& name) const {
    const std::string begin = (folder_ / name).string() + ": ";
    return std::count_if(reports_.begin(), reports_.end(),
                         [&](const std::string& report) { return report.starts_with(begin); });
  }

  KeyFolder folder_;
  std::vector<std::string> reports_;
};

TEST_F(AllowLists, NameClientsByTheirFilesUpToTheFirstDot) {
  const auto first = folder_.add("edge").public_key();
  const auto second = folder_.add("edge.2026").public_key();
  const auto other = folder_.add("kiosk-7_b").public_key();
  AllowList list = open();
  EXPECT_EQ(list.find(first), "edge");
  EXPECT_EQ(list.find(second), "edge");
  EXPECT_EQ(list.find(other), "kiosk-7_b");
  EXPECT_EQ(list.find(new_secret_key().public_key()), std::nullopt);
  EXPECT_TRUE(reports_.empty()) << reports_.front();
}

TEST_F(AllowLists, ChangeWithTheirFolder) {
  const auto first = folder_.add("edge").public_key();
  AllowList list = open();
  EXPECT_FALSE(list.refresh());
  const auto second = folder_.add("kiosk").public_key();
  EXPECT_TRUE(list.refresh());
  EXPECT_EQ(list.find(second), "kiosk");
  folder_.add("edge");
  EXPECT_TRUE(list.refresh());
  EXPECT_EQ(list.find(first), std::nullopt);
  EXPECT_FALSE(list.refresh());
}

TEST_F(AllowLists, NeverFindAKeyThatWasTakenAway) {
  const auto removed = folder_.add("removed").public_key();
  const auto replaced = folder_.add("replaced").public_key();
  AllowList list = open();
  folder_.remove("removed");
  EXPECT_EQ(list.find(removed), std::nullopt);
  folder_.write("replaced.pub", new_secret_key().public_key().text());  // in place: inode and size stay
  EXPECT_EQ(list.find(replaced), std::nullopt);
}

TEST_F(AllowLists, LetNobodyInWithoutAFolder) {
  const auto key = folder_.add("edge").public_key();
  const TemporaryFolder elsewhere;
  std::filesystem::create_directory(elsewhere / "empty");
  elsewhere.write("file", "");
  for (const std::string name : {"empty", "file", "missing"}) {
    AllowList list{elsewhere / name, [&](const std::string& message) { reports_.push_back(message); }};
    EXPECT_EQ(list.find(key), std::nullopt) << name;
  }
  ASSERT_EQ(reports_.size(), 2U);
  EXPECT_NE(reports_[0].find("file: is no folder: nobody is let in"), std::string::npos);
  EXPECT_NE(reports_[1].find("missing: cannot be read (No such file or directory): nobody is let in"),
            std::string::npos);
}

TEST_F(AllowLists, LetNobodyInOnceTheFolderIsGoneAndAgainOnceItIsBack) {
  const auto key = folder_.add("edge").public_key();
  AllowList list = open();
  const auto aside = folder_.path().string() + ".aside";
  std::filesystem::rename(folder_.path(), aside);
  EXPECT_EQ(list.find(key), std::nullopt);
  std::filesystem::rename(aside, folder_.path());
  EXPECT_TRUE(list.refresh());
  EXPECT_EQ(list.find(key), "edge");
}

TEST_F(AllowLists, TrustNothingThatEveryoneMayWrite) {
  const auto key = folder_.add("edge").public_key();
  ::chmod((folder_ / "edge.pub").c_str(), 0666);
  AllowList list = open();
  EXPECT_EQ(list.find(key), std::nullopt);
  EXPECT_EQ(reports_of("edge.pub"), 1);
  ::chmod((folder_ / "edge.pub").c_str(), 0644);
  EXPECT_TRUE(list.refresh());
  EXPECT_EQ(list.find(key), "edge");
  ::chmod(folder_.path().c_str(), 0777);
  EXPECT_TRUE(list.refresh());
  EXPECT_EQ(list.find(key), std::nullopt);
}

TEST_F(AllowLists, ReportJunkOnceAndIgnoreIt) {
  const auto key = folder_.add("edge").public_key();
  std::filesystem::create_directory(folder_ / "folder.pub");
  std::filesystem::create_directory(folder_ / "folder");
  std::filesystem::create_symlink("loop.pub", folder_ / "loop.pub");
  std::filesystem::create_symlink("nowhere", folder_ / "dangling.pub");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.pub").c_str(), 0600), 0);
  folder_.write("short.pub", key.text().substr(1));
  folder_.write("empty.pub", "");
  folder_.write("binary.pub", std::string("\0\x1b[2J\xff\n\0", 8));
  folder_.write("huge.pub", std::string(1 << 20, 'x'));
  folder_.write("read me.pub", key.text());
  folder_.write("line\nbreak.pub", key.text());
  folder_.write("edge.key", "secret");
  folder_.write(".hidden.pub", key.text());
  folder_.write("f.pub", key.text());
  AllowList list = open();
  list.refresh();
  for (const std::string name :
       {"folder.pub", "folder", "loop.pub", "dangling.pub", "pipe.pub", "short.pub", "empty.pub",
        "binary.pub", "huge.pub", "read me.pub", "line?break.pub", "edge.key", "f.pub"})
    EXPECT_EQ(reports_of(name), 1) << name;
  EXPECT_EQ(reports_.size(), 13U);
  EXPECT_EQ(list.ignored(), 13U);
  EXPECT_EQ(list.find(key), "edge");
  EXPECT_EQ(list.clients()->size(), 1U);

  folder_.remove("short");
  list.refresh();
  folder_.write("short.pub", "again");
  list.refresh();
  EXPECT_EQ(reports_of("short.pub"), 2);
}

TEST_F(AllowLists, ServeTenThousandClientsAndDoNotFloodTheLogWithTheirJunk) {
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    folder_.write("junk" + std::to_string(i) + ".pub", "junk");
    // Any 40 digits are a key.
    std::string key = std::to_string(i);
    folder_.write("edge" + std::to_string(i) + ".pub", key.insert(0, kKeyTextLength - key.size(), '0'));
  }
  const auto key = folder_.add("real").public_key();
  AllowList list = open();
  EXPECT_EQ(list.find(key), "real");
  EXPECT_EQ(list.clients()->size(), kCount + 1U);
  EXPECT_EQ(list.ignored(), static_cast<std::size_t>(kCount));
  ASSERT_EQ(reports_.size(), 21U);
  EXPECT_NE(reports_.back().find("4980 more entries let nobody in"), std::string::npos) << reports_.back();
}

TEST(RefusalLogs, TellEachCallerOnceAndNeverMoreThanAFewInAMinute) {
  RefusalLog log;
  const auto start = RefusalLog::Clock::now();
  EXPECT_EQ(log.tell("a", "a is refused", start), "a is refused");
  EXPECT_EQ(log.tell("a", "a is refused", start), std::nullopt);
  std::size_t told = 1;
  for (int i = 0; i < 1000; ++i) {
    if (log.tell(std::to_string(i), "refused", start)) ++told;
  }
  EXPECT_EQ(told, RefusalLog::kMostInAMinute);
  EXPECT_EQ(log.tell("b", "b is refused", start + std::chrono::seconds{61}),
            "b is refused (and 991 other refusals since the last line)");
  EXPECT_EQ(log.tell("c", "c is refused", start + std::chrono::seconds{61}), "c is refused");
  log.forget("c");
  EXPECT_EQ(log.tell("c", "c is refused", start + std::chrono::seconds{61}), "c is refused");
}

}  // namespace
}  // namespace slm::link
