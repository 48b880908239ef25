#include <gtest/gtest.h>
#include <signal.h>

#include <random>
#include <thread>

#include "tests/runtime/chaos/two_hosts.h"
#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

using Host = TwoHosts::Host;

constexpr int kRequests = 1000;

/// Each process on a host of its own. What they say leaves the machine, so they have keys.
class BadNetwork : public ProcessPair {
 protected:
  void SetUp() override {
    hosts_ = TwoHosts::make();
    if (!hosts_) GTEST_SKIP() << "hosts of a test's own need network namespaces, veth, and the right to them";
  }

  /// `rate`: of calls a second, so that the test has time to do harm.
  void start(int rate) {
    file_ = pipeline(with_keys({.cloud = "listen: \"tcp://" + TwoHosts::address(Host::cloud) +
                                         ":5555\", heartbeat: 100ms, rate: " + std::to_string(rate)}));
    cloud_ = hosts_->on(Host::cloud, [&] { return cloud(file_); });
    edge_ = hosts_->on(Host::edge, [&] { return edge(file_, requests(kRequests)); });
  }

  void wait_at_most(int limit_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds{random_() % static_cast<unsigned>(limit_ms)});
  }

  Ended expect_all_answered() {
    auto ended = edge_->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    expect_each_answered_once(kRequests);
    return ended;
  }

  std::mt19937 random_{seed()};
  std::unique_ptr<TwoHosts> hosts_;
  std::string file_;
  std::unique_ptr<Program> cloud_;
  std::unique_ptr<Program> edge_;
};

TEST_F(BadNetwork, LosesNothingWhenTheCableIsPulledAgainAndAgain) {
  start(500);
  for (int cut = 0; cut < 8; ++cut) {
    wait_for_output(random_() % 20'000);
    const Host host = cut % 2 == 0 ? Host::edge : Host::cloud;
    hosts_->set_cable(host, false);
    wait_at_most(700);  // TCP gets over short cuts by itself; for long ones a new connection is made
    hosts_->set_cable(host, true);
  }
  const auto ended = expect_all_answered();
  EXPECT_NE(ended.err.find("lost process `cloud`"), std::string::npos) << ended.err;
}

TEST_F(BadNetwork, LosesNothingWhenOneSideIsDeafAgainAndAgain) {
  start(500);
  for (int cut = 0; cut < 6; ++cut) {
    wait_for_output(random_() % 20'000);
    const Host host = cut % 2 == 0 ? Host::edge : Host::cloud;
    if (!hosts_->deafen(host)) GTEST_SKIP() << "to drop packets, tc needs its clsact and bpf of the kernel";
    wait_at_most(700);
    hosts_->undeafen(host);
  }
  expect_all_answered();
}

TEST_F(BadNetwork, LosesNothingOverALineThatDelaysAndLoses) {
  if (!hosts_->disturb()) GTEST_SKIP() << "tc needs netem, or tbf and bpf, of the kernel";
  start(0);
  expect_all_answered();
}

TEST_F(BadNetwork, LosesNothingWhenProcessesAreKilledBehindACut) {
  start(500);
  for (int kill = 0; kill < 4; ++kill) {
    wait_for_output(random_() % 20'000);
    hosts_->set_cable(Host::edge, false);
    wait_at_most(200);
    if (kill % 2 == 0) {
      cloud_->send_signal(SIGKILL);
      cloud_->wait();
      cloud_ = hosts_->on(Host::cloud, [&] { return cloud(file_); });
    } else {
      edge_->send_signal(SIGKILL);
      edge_->wait();
      edge_ = hosts_->on(Host::edge, [&] { return edge(file_, folder_ / "in.jsonl"); });
    }
    hosts_->set_cable(Host::edge, true);
  }
  expect_all_answered();
}

}  // namespace
}  // namespace slm::testing
