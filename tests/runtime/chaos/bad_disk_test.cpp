#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <fstream>
#include <random>

#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

bool was_not_spooled(const nlohmann::json& outcome, const std::string& why) {
  return outcome["outcome"] == "failed" && outcome["reason"] == "far: it cannot be spooled: " + why;
}

/// A disk of its own that nobody else sees, and that goes away with the test.
class SmallDisk : public ProcessPair {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(disk());
    // With room for the spool's log, which grows by pages with each commit.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=16m") != 0)
      GTEST_SKIP() << "a disk of a test's own needs the right to mount one";
    is_mounted_ = true;
    spools_ = disk() / "spool";
  }
  void TearDown() override {
    if (is_mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }

  std::filesystem::path disk() const { return folder_ / "disk"; }
  /// Takes all but so much of the disk's free room.
  void leave_free(std::size_t bytes) const {
    const auto free = std::filesystem::space(disk()).available;
    std::ofstream{disk() / "ballast", std::ios::binary | std::ios::app} << std::string(free - bytes, 'b');
  }
  void make_room() const { std::filesystem::remove(disk() / "ballast"); }

 private:
  bool is_mounted_ = false;
};

TEST_F(SmallDisk, WhenTheSpoolIsFullMessagesFailWithTheReasonAndTheRestGoesOn) {
  const auto file = pipeline();
  const auto caller = edge(file, "-");
  int sent = 0;
  const auto send = [&](int count) {
    for (const int end = sent + count; sent < end; ++sent) caller->write(request(sent));
  };
  send(100);
  wait_until_stored(100);
  leave_free(0);
  while (text_of_file(output()).find("it cannot be spooled: the disk is full") == std::string::npos) send(50);
  make_room();
  const int before = sent;
  send(100);
  const auto callee = cloud(file);
  EXPECT_EQ(caller->wait().exit_code, 1);
  int failed = 0;
  for (const auto& [id, outcome] : outcomes(sent)) {
    const bool has_failed = id >= 100 && id < before && was_not_spooled(outcome, "the disk is full");
    EXPECT_TRUE(has_failed || outcome["outcome"] == "answered") << outcome;
    failed += has_failed ? 1 : 0;
  }
  EXPECT_GT(failed, 0);
}

TEST_F(SmallDisk, WhatAFullSpoolCouldNotForgetIsNotDoneTwice) {
  const auto file = pipeline();
  constexpr int kRequests = 500;
  const auto input = requests(kRequests);
  auto callee = cloud(file);
  auto caller = edge(file, input);
  wait_for_output(1);
  leave_free(0);
  wait_for_output(20'000);
  caller->send_signal(SIGKILL);
  caller->wait();
  make_room();
  caller = edge(file, input);
  caller->wait();
  for (const auto& [id, outcome] : outcomes(kRequests))
    ASSERT_TRUE(outcome["outcome"] == "answered" || was_not_spooled(outcome, "the disk is full")) << outcome;
}

TEST_F(SmallDisk, AFullOutputEndsTheRunWhichGoesOnWhenThereIsRoom) {
  const auto file = pipeline();
  constexpr int kRequests = 2000;
  const auto input = requests(kRequests);
  const auto callee = cloud(file);
  const auto run = [&] {
    return slm_graph({"run", file, "--process", "edge", "--spool", folder_ / "spool", "--input", input,
                      "--output", disk() / "out.jsonl", "--resume"});
  };
  leave_free(100'000);
  const auto ended = run();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("No space left on device"), std::string::npos) << ended.err;
  make_room();
  const auto resumed = run();
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  std::filesystem::copy(disk() / "out.jsonl", output());
  expect_each_answered_once(kRequests);
}

/// Damages a spool's file, or its log.
class Damage {
 public:
  explicit Damage(std::filesystem::path spool) : spool_{std::move(spool)} {}

  void flip_bits(int count) {
    change([&](std::fstream& file, std::size_t size) {
      for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::streamoff>(random_() % size);
        const int byte = file.seekg(at).get();
        file.seekp(at).put(static_cast<char>(byte ^ (1 << random_() % 8)));
      }
    });
  }
  void overwrite() {
    change([&](std::fstream& file, std::size_t size) {
      const auto at = random_() % size;
      file.seekp(static_cast<std::streamoff>(at)) << std::string(std::min<std::size_t>(size - at, 3000), '!');
    });
  }
  void truncate() {
    const auto file = any();
    std::filesystem::resize_file(file, random_() % std::filesystem::file_size(file));
  }
  void overwrite_header() {
    std::fstream{spool_, std::ios::binary | std::ios::in | std::ios::out} << std::string(100, '!');
  }

 private:
  std::filesystem::path any() {
    const std::filesystem::path log{spool_.string() + "-wal"};
    std::error_code gone;
    const auto size = std::filesystem::file_size(log, gone);
    const bool has_log = !gone && size > 0;
    return has_log && random_() % 2 == 0 ? log : spool_;
  }
  template <class Change>
  void change(Change change) {
    const auto path = any();
    std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out | std::ios::ate};
    if (!file || file.tellg() <= 0) return;  // its process is setting it aside at this moment
    change(file, static_cast<std::size_t>(file.tellg()));
  }

  const std::filesystem::path spool_;
  std::mt19937 random_{seed()};
};

class DamagedSpool : public ProcessPair {
 protected:
  static constexpr int kRequests = 1000;

  /// Slow enough that there is always something in the spool.
  std::string slow_pipeline() const {
    return pipeline({.cloud = "listen: \"ipc://" + (folder_ / "socket").string() + "\", rate: 700"});
  }
  int set_aside() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{spools_}) {
      const auto name = entry.path().filename().string();
      if (name.find(".corrupt-") != std::string::npos && !name.ends_with("-wal")) ++count;
    }
    return count;
  }

  Damage damage_{spool()};
};

int repairs_told(const std::string& text) {
  int count = 0;
  const std::string told = "the spool for process `cloud` was damaged (";
  for (auto at = text.find(told); at != std::string::npos; at = text.find(told, at + 1)) ++count;
  return count;
}

TEST_F(DamagedSpool, OfAKilledProcessIsToldAndSetAsideAndNothingIsLost) {
  const auto file = slow_pipeline();
  const auto input = requests(kRequests);
  const auto callee = cloud(file);
  std::string told;
  const auto run_until = [&](int bytes) {
    const auto caller = edge(file, input);
    wait_for_an_outcome();
    wait_for_output(static_cast<std::uintmax_t>(bytes));
    caller->send_signal(SIGKILL);
    told += caller->wait().err;
  };
  for (int round = 0; round < 8; ++round) {
    run_until(8'000);
    if (round % 4 == 0) damage_.flip_bits(20);
    if (round % 4 == 1) damage_.overwrite();
    if (round % 4 == 2) damage_.truncate();
    if (round % 4 == 3) damage_.overwrite_header();
  }
  const auto ended = edge(file, input)->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  told += ended.err;
  expect_each_answered_once(kRequests);
  EXPECT_GE(repairs_told(told), 2) << told;            // of the headers, at least
  EXPECT_LE(repairs_told(told), set_aside()) << told;  // one that was killed may have had no time to tell
}

TEST_F(DamagedSpool, OfARunningProcessCostsNoOutcome) {
  const auto file = slow_pipeline();
  const auto input = requests(kRequests);
  const auto callee = cloud(file);
  const auto caller = edge(file, input);
  wait_for_output(1'000);
  for (int round = 0; round < 10; ++round) {
    damage_.flip_bits(30);
    wait_for_output(2'000);
  }
  caller->send_signal(SIGKILL);
  auto told = caller->wait().err;
  // What SQLite still had in memory is read again only now.
  const auto resumed = edge(file, input);
  wait_for_output(1'000);
  for (int round = 0; round < 10; ++round) {
    damage_.flip_bits(30);
    wait_for_output(2'000);
  }
  const auto ended = resumed->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  told += ended.err;
  expect_each_answered_once(kRequests);
  EXPECT_GE(repairs_told(told), 1) << told;
  EXPECT_LE(repairs_told(told), set_aside()) << told;
}

}  // namespace
}  // namespace slm::testing
