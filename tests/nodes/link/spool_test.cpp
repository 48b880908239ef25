#include "nodes/link/spool.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "nodes/link/spool_salvage.h"
#include "tests/nodes/link/spool_fixture.h"

namespace slm::link {
namespace {

using slm::testing::text_of_file;
using Texts = std::vector<std::string>;
using std::chrono::hours;

std::string refusal(const SpoolOptions& options) {
  try {
    Spool{options};
    return "";
  } catch (const SpoolError& error) {
    return error.what();
  }
}

TEST_F(SpoolTest, WhatIsDurableIsThereAfterReopening) {
  std::vector<SpoolId> ids;
  {
    Spool spool{options()};
    for (const std::string text : {"one", "", "three"}) ids.push_back(store(spool, text));
    spool.attempted(ids[2]);
    spool.remove(ids[0]);
  }
  Spool spool{options()};
  const auto entries = everything(spool);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].id, ids[1]);
  EXPECT_EQ(entries[0].payload, "");
  EXPECT_EQ(entries[0].attempts, 0);
  EXPECT_EQ(entries[1].id, ids[2]);
  EXPECT_EQ(entries[1].payload, "three");
  EXPECT_EQ(entries[1].header, "header of three");
  EXPECT_EQ(entries[1].destination, "cloud");
  EXPECT_EQ(entries[1].attempts, 1);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - entries[1].stored), hours{1});
  EXPECT_TRUE(repairs().empty());
}

TEST_F(SpoolTest, AnEntryTakesThePlaceOfAnother) {
  {
    Spool spool{options()};
    std::vector<SpoolId> ids;
    for (const std::string text : {"one", "two", "three", "four"}) ids.push_back(store(spool, text));
    // The later one's place is taken first.
    EXPECT_EQ(append(spool, "new four", ids[3]).problem(), "");
    EXPECT_EQ(append(spool, "new one", ids[0]).problem(), "");
    spool.remove(ids[0]);
    EXPECT_EQ(spool.stats().entries, 4U);
  }
  Spool spool{options()};
  std::vector<std::string> texts;
  for (const auto& entry : everything(spool)) texts.push_back(entry.payload);
  EXPECT_EQ(texts, (std::vector<std::string>{"two", "three", "new four", "new one"}));
}

TEST_F(SpoolTest, IdsAreNeverTakenTwiceEvenIfTheFileWasDeleted) {
  std::set<SpoolId> ids;
  for (int i = 0; i < 5; ++i) {
    Spool spool{options()};
    for (int j = 0; j < 3; ++j) EXPECT_TRUE(ids.insert(spool.take_id()).second);
  }
  const auto last = *ids.rbegin();
  ManualTime later;
  later.set_wall(hours{1});
  auto options = this->options();
  options.time = [&] { return later.now(); };
  std::filesystem::remove(file());
  EXPECT_GT(Spool{options}.take_id(), last);
}

TEST_F(SpoolTest, IdsAreNeverTakenTwiceEvenIfTheFileIsDeletedManyTimesASecond) {
  ManualTime time;
  auto options = this->options();
  options.time = [&] { return time.now(); };
  std::set<std::uint64_t> epochs;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(epochs.insert(Spool{options}.epoch()).second);
    std::filesystem::remove(file());
    time.pass(std::chrono::milliseconds{1});
  }
}

TEST_F(SpoolTest, EntriesOfManyEpochsAreReadInOrderAndByPages) {
  Texts written;
  std::uint64_t newest = 0;
  for (int i = 0; i < 4; ++i) {
    Spool spool{options()};
    newest = spool.epoch();
    for (int j = 0; j < 50; ++j) {
      written.push_back(std::to_string(i) + " " + std::to_string(j) + std::string(500, '.'));
      append(spool, written.back());
    }
  }
  Spool spool{options()};
  EXPECT_GT(spool.epoch(), newest);
  EXPECT_EQ(payloads(spool), written);
  EXPECT_EQ(spool.read({}, 0).entries.size(), 1U);
  EXPECT_LT(spool.read({}, 10'000).entries.size(), 20U);
  EXPECT_TRUE(spool.read({newest, 50}).entries.empty());
  EXPECT_EQ(spool.read({newest - 1, 1'000'000}).entries.front().payload, written[150]);
  store(spool, "new");
  EXPECT_EQ(payloads(spool).back(), "new");
}

TEST_F(SpoolTest, ManyThreadsShareCommits) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  Spool spool{options()};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&spool] {
        std::vector<Appended> all;
        for (int j = 0; j < kEach; ++j) all.push_back(append(spool, "text"));
        for (auto& appended : all) {
          EXPECT_EQ(appended.problem(), "");
          spool.remove(appended.id);
        }
      });
    }
  }
  store(spool, "last");
  EXPECT_EQ(payloads(spool), Texts{"last"});
  const auto stats = spool.stats();
  EXPECT_EQ(stats.appended, 1U + kThreads * kEach);
  EXPECT_EQ(stats.removed, std::uint64_t{kThreads} * kEach);
  EXPECT_EQ(stats.entries, 1U);
  EXPECT_EQ(stats.unwritten_entries, 0U);
  EXPECT_LT(stats.commits, stats.appended / 2);
}

TEST_F(SpoolTest, WhatIsRemovedBeforeItIsWrittenIsNotWritten) {
  std::promise<void> is_held;
  std::promise<void> go_on;
  auto options = this->options();
  Spool spool{options};
  const auto first = spool.take_id();
  spool.append({.id = first}, [&](const auto&) {
    is_held.set_value();
    go_on.get_future().wait();
  });
  is_held.get_future().wait();
  auto second = append(spool, "second");
  spool.remove(second.id);
  go_on.set_value();
  EXPECT_EQ(second.problem(), "");
  spool.remove(first);
  store(spool, "third");
  EXPECT_EQ(payloads(spool), Texts{"third"});
  EXPECT_EQ(spool.stats().removed, 2U);
}

TEST_F(SpoolTest, EffectsAreMadeDurableBeforeTheirRemovals) {
  std::atomic<bool> fails = true;
  std::atomic<int> calls = 0;
  auto options = this->options();
  options.before_removals = [&] {
    ++calls;
    return !fails;
  };
  Spool spool{options};
  const auto first = store(spool, "first");
  EXPECT_EQ(calls, 0);
  spool.remove(first);
  store(spool, "second");
  EXPECT_GE(calls, 1);
  EXPECT_EQ(payloads(spool), (Texts{"first", "second"}));
  fails = false;
  store(spool, "third");
  EXPECT_EQ(payloads(spool), (Texts{"second", "third"}));
}

TEST_F(SpoolTest, WhenFullItFails) {
  auto options = this->options();
  options.max_count = 2;
  options.when_full = SpoolOptions::Full::fail;
  Spool spool{options};
  const auto first = store(spool, "first");
  store(spool, "second");
  EXPECT_EQ(append(spool, "third").problem(), "the spool is full");
  spool.remove(first);
  while (spool.stats().entries == 2) std::this_thread::yield();
  store(spool, "fourth");
  EXPECT_EQ(payloads(spool), (Texts{"second", "fourth"}));
  EXPECT_EQ(spool.stats().refused, 1U);
}

TEST_F(SpoolTest, WhenFullItDropsTheOldestAndSaysSo) {
  auto options = this->options();
  options.max_bytes = 6000;
  options.when_full = SpoolOptions::Full::drop_oldest;
  std::vector<SpoolId> ids;
  {
    Spool spool{options};
    for (int i = 0; i < 9; ++i) ids.push_back(store(spool, std::to_string(i) + std::string(900, '.')));
    EXPECT_EQ(spool.stats().entries, 3U);
    EXPECT_LE(spool.stats().bytes, 6000U);
    EXPECT_EQ(spool.stats().dropped, 6U);
    EXPECT_EQ(append(spool, std::string(6000, '.')).problem(), "the message is larger than the spool");
  }
  ASSERT_EQ(dropped().size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(dropped()[i], std::pair(ids[i], SpoolDrop::full));
  Spool spool{options};
  EXPECT_EQ(everything(spool).front().id, ids[6]);
}

TEST_F(SpoolTest, WhenFullItBlocksUntilThereIsRoom) {
  std::atomic<bool> is_room_made = false;
  auto options = this->options();
  options.max_count = 2;
  options.before_removals = [&] {
    is_room_made = true;
    return true;
  };
  Spool spool{options};
  const auto first = store(spool, "first");
  store(spool, "second");
  auto third = std::async(std::launch::async, [&] {
    store(spool, "third");
    return is_room_made.load();
  });
  spool.remove(first);
  EXPECT_TRUE(third.get());
  EXPECT_EQ(payloads(spool), (Texts{"second", "third"}));
}

TEST_F(SpoolTest, ClosingEndsAppendsThatWait) {
  auto options = this->options();
  options.max_count = 1;
  Spool spool{options};
  store(spool, "first");
  auto second = std::async(std::launch::async, [&] { return append(spool, "second").problem(); });
  spool.close();
  EXPECT_EQ(second.get(), "the spool is closed");
  EXPECT_EQ(append(spool, "third").problem(), "the spool is closed");
  EXPECT_EQ(spool.read({}).problem, "the spool is closed");
}

TEST_F(SpoolTest, WhatWaitsForTheDiskIsBounded) {
  std::promise<void> go_on;
  auto options = this->options();
  options.max_unwritten_bytes = 2000;
  options.when_full = SpoolOptions::Full::drop_oldest;
  Spool spool{options};
  std::promise<void> is_held;
  spool.append({.id = spool.take_id()}, [&](const auto&) {
    is_held.set_value();
    go_on.get_future().wait();
  });
  is_held.get_future().wait();
  auto fits = append(spool, std::string(1500, '.'));
  auto does_not = append(spool, std::string(1500, '.'));
  go_on.set_value();
  EXPECT_EQ(fits.problem(), "");
  EXPECT_EQ(does_not.problem(), "the spool's disk does not keep up");
}

TEST_F(SpoolTest, WhatIsTooOldIsDropped) {
  ManualTime time;
  auto options = this->options();
  options.time = [&] { return time.now(); };
  options.max_age = hours{24};
  SpoolId first;
  SpoolId second;
  {
    Spool spool{options};
    first = store(spool, "first");
    time.pass(hours{20});
    second = store(spool, "second");
    EXPECT_EQ(spool.stats().oldest_age, hours{20});
    time.pass(hours{5});
    store(spool, "third");
    while (dropped().empty()) std::this_thread::yield();
    EXPECT_EQ(payloads(spool), (Texts{"second", "third"}));
  }
  time.pass(hours{22});
  Spool spool{options};
  while (dropped().size() < 2) std::this_thread::yield();
  EXPECT_EQ(dropped(), (std::vector<std::pair<SpoolId, SpoolDrop>>{{first, SpoolDrop::too_old},
                                                                   {second, SpoolDrop::too_old}}));
  EXPECT_EQ(payloads(spool), Texts{"third"});
}

TEST_F(SpoolTest, AClockThatJumpsAgesNothing) {
  ManualTime time;
  auto options = this->options();
  options.time = [&] { return time.now(); };
  options.max_age = hours{24};
  const auto reopen_and_store = [&](const std::string& text) {
    Spool spool{options};
    store(spool, text);
    time.pass(hours{1});
    time.set_wall(hours{24 * 365});  // forward while it is open, as after a start without a clock's battery
    store(spool, text);
  };
  reopen_and_store("a");
  reopen_and_store("a");
  time.set_wall(-hours{24 * 500});  // back while it is closed
  reopen_and_store("b");
  time.set_wall(-hours{24 * 500});
  Spool spool{options};
  EXPECT_EQ(payloads(spool), (Texts{"a", "a", "a", "a", "b", "b"}));
  EXPECT_EQ(spool.stats().oldest_age, hours{3});
  EXPECT_TRUE(dropped().empty());
}

TEST_F(SpoolTest, ASecondOpenerIsRefused) {
  const Spool spool{options()};
  const auto why = refusal(options());
  EXPECT_NE(why.find("another process, " + std::to_string(::getpid()) + ", has it open"), std::string::npos)
      << why;
}

TEST_F(SpoolTest, AnotherPipelinesSpoolIsRefusedAndLeftAlone) {
  {
    Spool spool{options()};
    store(spool, "text");
  }
  const auto before = text_of_file(file());
  auto other = options();
  other.pipeline = "translator";
  auto why = refusal(other);
  EXPECT_NE(why.find("belongs to the pipeline `assistant`, not `translator`"), std::string::npos) << why;
  other = options();
  other.pipeline_hash = 8;
  why = refusal(other);
  EXPECT_NE(why.find("holds 1 entries of another version of the pipeline `assistant`"), std::string::npos)
      << why;
  EXPECT_EQ(text_of_file(file()), before);
  other.accepts_other_hash = true;
  EXPECT_EQ(refusal(other), "");
  EXPECT_NE(refusal(options()), "");
}

TEST_F(SpoolTest, AnEmptySpoolGoesOverToANewVersionOfItsPipeline) {
  { const Spool spool{options()}; }
  auto other = options();
  other.pipeline_hash = 8;
  {
    Spool spool{other};
    store(spool, "text");
  }
  EXPECT_NE(refusal(options()), "");
}

TEST_F(SpoolTest, ALaterFormatIsRefusedAndLeftAlone) {
  create_spool(file(), {.format = 2, .pipeline = "assistant", .pipeline_hash = 7}, {});
  const auto before = text_of_file(file());
  const auto why = refusal(options());
  EXPECT_NE(why.find("it is of format 2, and this slm-graph knows up to 1"), std::string::npos) << why;
  EXPECT_EQ(text_of_file(file()), before);
}

TEST_F(SpoolTest, AFileThatIsNoSpoolIsRefusedAndLeftAlone) {
  folder_.write("spool.db", std::string(5000, 'x'));
  const auto why = refusal(options());
  EXPECT_NE(why.find("this file is no spool"), std::string::npos) << why;
  EXPECT_EQ(text_of_file(file()), std::string(5000, 'x'));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "spool.db.lock"));
}

TEST_F(SpoolTest, OthersMayNotReadWhatIsInIt) {
  Spool spool{options()};
  store(spool, "secret");
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path()})
    EXPECT_EQ(entry.status().permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << entry.path();
}

TEST_F(SpoolTest, AFolderThatIsMissingIsTold) {
  auto options = this->options();
  options.file = folder_ / "no" / "spool.db";
  const auto why = refusal(options);
  EXPECT_NE(why.find("No such file or directory"), std::string::npos) << why;
}

TEST_F(SpoolTest, AnEmptiedSpoolGivesItsRoomBack) {
  Spool spool{options()};
  std::vector<SpoolId> ids;
  for (int i = 0; i < 32; ++i) ids.push_back(store(spool, std::string(1 << 20, 'x')));
  for (const auto& id : ids) spool.remove(id);
  while (spool.stats().entries > 0) std::this_thread::yield();
  append(spool, "next").problem();
  EXPECT_LT(std::filesystem::file_size(file()), 1U << 20U);
}

}  // namespace
}  // namespace slm::link
