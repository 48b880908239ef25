#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/nodes/link/spool_fixture.h"
#include "tests/runtime/program.h"

namespace slm::link {
namespace {

using slm::testing::Program;

/// What a writer told of an entry before it was killed.
struct Told {
  bool is_durable = false;
  bool removal_began = false;
  bool is_gone = false;
};

/// Reads the writer's lines; earlier writers' entries are in `told` already.
void read_told(const std::string& lines, std::map<std::string, Told>& told) {
  std::istringstream words{lines};
  std::string what;
  std::string name;
  // A removal is durable when something appended after it is.
  std::vector<std::string> removed;
  std::map<std::string, std::size_t> removed_before;
  while (words >> what && what != "opened") continue;
  while (words >> what >> name) {
    if (what == "append") {
      told[name];
      removed_before[name] = removed.size();
    } else if (what == "durable") {
      told.at(name).is_durable = true;
      for (std::size_t i = 0; i < removed_before.at(name); ++i) told.at(removed[i]).is_gone = true;
    } else if (what == "remove") {
      told.at(name).removal_began = true;
    } else {
      removed.push_back(name);
    }
  }
}

using SpoolCrash = SpoolTest;

TEST_F(SpoolCrash, KillingTheWriterLosesNothingThatWasDurable) {
  constexpr int kRounds = 40;
  std::mt19937 random{17};
  std::map<std::string, Told> told;
  std::size_t durable = 0;
  for (int round = 0; round < kRounds; ++round) {
    Program writer{{SPOOL_WRITER, file().string(), std::to_string(random() % 6000)}};
    for (auto left = random() % 1500; left > 0; --left) writer.read_line();
    writer.send_signal(SIGKILL);
    const auto ended = writer.wait();
    ASSERT_EQ(ended.exit_code, 128 + SIGKILL) << ended.err;
    read_told(ended.out, told);

    Spool spool{options()};
    EXPECT_TRUE(repairs().empty());
    std::set<std::string> found;
    for (const auto& entry : everything(spool)) {
      const auto name = to_string(entry.id);
      ASSERT_TRUE(found.insert(name).second) << name << " is there twice";
      ASSERT_TRUE(told.contains(name)) << name << " was never appended";
      ASSERT_EQ(entry.header, name);
      ASSERT_EQ(entry.payload.substr(0, name.size()), name);
      ASSERT_FALSE(told[name].is_gone) << name << " is back after its removal";
    }
    durable = 0;
    for (auto& [name, entry] : told) {
      durable += entry.is_durable;
      const bool is_lost = entry.is_durable && !entry.removal_began && !found.contains(name);
      ASSERT_FALSE(is_lost) << name;
      if (!found.contains(name)) entry.is_gone = true;
    }
  }
  EXPECT_GT(durable, 1000U);
}

TEST_F(SpoolCrash, AnotherProcessIsRefusedUntilTheFirstIsKilled) {
  Program writer{{SPOOL_WRITER, file().string(), "100"}};
  EXPECT_EQ(writer.read_line(), "opened");
  EXPECT_THROW(Spool{options()}, SpoolError);
  writer.send_signal(SIGKILL);
  writer.wait();
  const Spool spool{options()};
  EXPECT_TRUE(repairs().empty());
}

}  // namespace
}  // namespace slm::link
