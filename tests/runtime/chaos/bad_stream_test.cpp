#include <gtest/gtest.h>
#include <signal.h>

#include "tests/runtime/chaos/bad_proxy.h"
#include "tests/runtime/process_pair.h"

namespace slm::testing {
namespace {

constexpr int kRequests = 1000;

/// The two processes, and somebody between them who harms what they say.
class BadStream : public ProcessPair {
 protected:
  static PairOptions plain() {
    return {.cloud =
                R"(listen: "tcp://127.0.0.1:*", connect: "tcp://127.0.0.1:1", heartbeat: 100ms, rate: 700)"};
  }

  void start(const PairOptions& options, Harm harm) {
    const auto file = pipeline(options);
    cloud_ = cloud(file);
    const auto& told = cloud_->errors();
    const auto port = std::stoi(told.substr(told.rfind(':') + 1));
    proxy_ = std::make_unique<BadProxy>(static_cast<std::uint16_t>(port), harm);
    edge_ = edge(file, requests(kRequests), {"--connect", "cloud=" + proxy_->address()});
  }

  void expect_all_answered() {
    const auto ended = edge_->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    expect_each_answered_once(kRequests);
  }
  void expect_cloud_lives() {
    cloud_->send_signal(SIGTERM);
    const auto ended = cloud_->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }

  std::unique_ptr<Program> cloud_;
  std::unique_ptr<BadProxy> proxy_;
  std::unique_ptr<Program> edge_;
};

TEST_F(BadStream, ThatIsCutStalledAndDelayedLosesNothing) {
  start(plain(), {.cut = 30, .stall = 50, .delay = 10});
  expect_all_answered();
  EXPECT_GT(proxy_->cuts(), 0);
  expect_cloud_lives();
}

TEST_F(BadStream, WithFlippedBitsGivesEachTheRightAnswerWhereThereAreKeys) {
  start(with_keys(plain()), {.flip = 40, .cut = 200, .stall = 200});
  expect_all_answered();
  EXPECT_GT(proxy_->flips(), 0);
  expect_cloud_lives();
}

// Nothing but TCP's checksum guards plain text, and it has seen nothing wrong. So an answer may be another,
// and a call whose id was changed waits for the next connection.
TEST_F(BadStream, WithFlippedBitsGivesEachOneOutcomeInPlainText) {
  start(plain(), {.flip = 10, .cut = 100, .delay = 20});
  wait_for_an_outcome();
  for (int round = 0; round < 10; ++round) wait_for_output(20'000);
  proxy_->be_good();
  const auto ended = edge_->wait();
  EXPECT_TRUE(ended.exit_code == 0 || ended.exit_code == 1) << ended.err;
  outcomes(kRequests);
  EXPECT_GT(proxy_->flips(), 0);
  expect_cloud_lives();
}

}  // namespace
}  // namespace slm::testing
