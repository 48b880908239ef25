#include "nodes/cache/nearest_gate.h"

#include <gmock/gmock.h>

#include <random>

namespace slm::cache {
namespace {

using ::testing::HasSubstr;

replay::Answer text(const std::string& said) {
  return Generation{.text = said};
}
replay::Answer choice(std::vector<float> probabilities, std::optional<std::size_t> chosen = {}) {
  ChoiceScores scores;
  scores.evidence.labels.probabilities = std::move(probabilities);
  scores.chosen = chosen;
  return scores;
}

class NearestGateTest : public ::testing::Test {
 protected:
  NearestGate gate(const NearestOptions& options) {
    return {"medium", options, [this](const std::string& line) { log_ += line + "\n"; }};
  }
  std::string log_;
};

TEST_F(NearestGateTest, ClosesForGoodOnceTooManyAreWrong) {
  NearestGate gate = this->gate({.max_error = {0.05}});
  int audits = 0;
  for (; gate.is_open() && audits < 1000; ++audits) gate.judge(text("a"), text(audits % 4 == 0 ? "b" : "a"));
  EXPECT_LT(audits, 150);
  EXPECT_THAT(log_, HasSubstr("cache of model `medium`: "));
  EXPECT_THAT(log_, HasSubstr(" of " + std::to_string(audits) + " answers to near questions were wrong"));
  log_.clear();
  for (int i = 0; i < 10'000; ++i) gate.judge(text("a"), text("a"));
  EXPECT_FALSE(gate.is_open());
  EXPECT_EQ(log_, "");
}

TEST_F(NearestGateTest, SeldomClosesWithoutReason) {
  std::mt19937 random{3};
  std::bernoulli_distribution is_error{0.05};
  int closed = 0;
  for (int run = 0; run < 200; ++run) {
    NearestGate gate = this->gate({.max_error = {0.05}});
    for (int i = 0; i < 1000; ++i) gate.judge(text("a"), text(is_error(random) ? "b" : "a"));
    closed += gate.is_open() ? 0 : 1;
  }
  EXPECT_LE(closed, 8) << "2 are expected at most";
}

TEST_F(NearestGateTest, AuditsItsShareAndTheSameEachTime) {
  const NearestGate gate = this->gate({.audit = {0.02}});
  const NearestGate again = this->gate({.audit = {0.02}});
  int audited = 0;
  for (std::uint64_t key = 0; key < 100'000; ++key) {
    audited += gate.is_audited(key) ? 1 : 0;
    ASSERT_EQ(gate.is_audited(key), again.is_audited(key));
  }
  EXPECT_NEAR(audited, 2000, 200);
  EXPECT_FALSE(this->gate({.audit = {0}}).is_audited(5));
  EXPECT_TRUE(this->gate({.audit = {1}}).is_audited(5));
}

TEST_F(NearestGateTest, TakesUpItsAudits) {
  std::vector<bool> audits;
  NearestGate first = this->gate({});
  first.set_journal([&](bool is_error) { audits.push_back(is_error); });
  while (first.is_open()) first.judge(text("a"), text("b"));
  log_.clear();
  NearestGate second = this->gate({});
  second.restore(audits);
  EXPECT_FALSE(second.is_open());
  EXPECT_THAT(log_, HasSubstr("were wrong"));
  EXPECT_EQ(first.setting("m", "e"), second.setting("m", "e"));
  EXPECT_NE(first.setting("m", "e"), second.setting("m", "other"));
  EXPECT_NE(first.setting("m", "e"), gate({.at_least = 0.5}).setting("m", "e"));
}

TEST_F(NearestGateTest, TakesAnyBound) {
  NearestGate never = this->gate({.max_error = {1}});
  for (int i = 0; i < 1000; ++i) never.judge(text("a"), text("b"));
  EXPECT_TRUE(never.is_open());
  NearestGate strict = this->gate({.max_error = {0}});
  strict.judge(text("a"), text("b"));
  EXPECT_FALSE(strict.is_open());
}

TEST(NearestAnswers, SayTheSameWhereTextValueOrChoiceIs) {
  EXPECT_TRUE(say_the_same(text("yes"), text(" yes\n")));
  EXPECT_TRUE(say_the_same(text(R"({"a":1,"b":2})"), text(R"({"b": 2, "a": 1})")));
  EXPECT_FALSE(say_the_same(text("yes"), text("no")));
  EXPECT_TRUE(say_the_same(choice({0.1F, 0.9F}), choice({0.4F, 0.6F})));
  EXPECT_TRUE(say_the_same(choice({0.1F, 0.9F}), choice({}, 1)));
  EXPECT_FALSE(say_the_same(choice({0.6F, 0.4F}), choice({}, 1)));
  EXPECT_FALSE(say_the_same(choice({}, 1), text("yes")));
}

}  // namespace
}  // namespace slm::cache
