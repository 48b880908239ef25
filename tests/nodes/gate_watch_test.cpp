#include "nodes/drift/gate_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "models/model.h"
#include "nodes/drift/audit.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

class Drift : public ::testing::Test {
 protected:
  static GateState setting(double accept = 0.8, double reject = kNever) {
    GateState state;
    state.confidence = "max_prob";
    state.written = {reject, accept};
    state.max_error = 0.05;
    return state;
  }

  DriftOptions options() const {
    DriftOptions options;
    options.state = {file(), {}};
    options.max_error = Share{0.05};
    return options;
  }

  GateWatch watch(const DriftOptions& options, const GateState& setting) {
    return {"gate", setting, options, [this](const std::string& line) { told_.push_back(line); }};
  }

  /// Messages let through with confidences evenly from 0.8 to 1, each audited.
  void let_through(GateWatch& watch, int messages, double error_rate) {
    for (int i = 0; i < messages; ++i) {
      watch.saw(std::uniform_real_distribution{0.8, 1.0}(random_), Way::accept);
      watch.judged(std::bernoulli_distribution{error_rate}(random_));
    }
  }

  std::filesystem::path file() const { return folder_ / "gate.json"; }

  const testing::TemporaryFolder folder_;
  std::vector<std::string> told_;
  std::mt19937_64 random_{7};
};

TEST_F(Drift, IsNotSeenWhereErrorsKeepToTheirBound) {
  GateWatch gate = watch(options(), setting());
  let_through(gate, 20'000, 0.04);
  EXPECT_EQ(gate.bars(), (Bars{kNever, 0.8}));
  EXPECT_EQ(told_, std::vector<std::string>{});
}

TEST_F(Drift, RaisesTheBarToWhatKeepsHalfOfWhatPassed) {
  GateWatch gate = watch(options(), setting());
  let_through(gate, 1000, 0.02);
  for (int i = 0; i < 1000 && told_.empty(); ++i) let_through(gate, 1, 0.2);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NEAR(gate.bars().accept, 0.9, 0.02);
  EXPECT_EQ(gate.bars().reject, kNever);
  EXPECT_NE(told_.front().find(
                "gate `gate` has drifted: more of what it lets through is wrong than max_error 0.05: "),
            std::string::npos)
      << told_.front();
  EXPECT_NE(told_.front().find("; it accepts at 0.9"), std::string::npos) << told_.front();
}

TEST_F(Drift, NeverLowersABarAgainHoweverGoodTheAnswersAreNow) {
  GateWatch gate = watch(options(), setting());
  let_through(gate, 500, 0.5);
  const Bars raised = gate.bars();
  ASSERT_GT(raised.accept, 0.8);
  let_through(gate, 5000, 0);
  EXPECT_EQ(gate.bars(), raised);
}

TEST_F(Drift, IsRememberedOverARestart) {
  Bars raised;
  {
    GateWatch gate = watch(options(), setting());
    let_through(gate, 300, 0.5);
    raised = gate.bars();
    ASSERT_GT(raised.accept, 0.8);
  }
  EXPECT_EQ(watch(options(), setting()).bars(), raised);
  const auto state = read_gate_state(file());
  ASSERT_TRUE(state);
  EXPECT_GT(state->error_alarms, 0U);
  EXPECT_NE(state->alarms.front().find("Z gate `gate` has drifted"), std::string::npos);
}

TEST_F(Drift, IsForgottenWithABarThatTheAuthorChanged) {
  {
    GateWatch gate = watch(options(), setting());
    let_through(gate, 300, 0.5);
  }
  told_.clear();
  EXPECT_EQ(watch(options(), setting(0.85)).bars(), (Bars{kNever, 0.85}));
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NE(told_.front().find("is of another setting of the gate"), std::string::npos);
}

TEST_F(Drift, RaisesABarPastTies) {
  GateWatch gate = watch(options(), setting());
  for (int i = 0; i < 100; ++i) {
    gate.saw(i % 2 == 0 ? 0.8 : 0.95, Way::accept);
    gate.judged(true);
    if (!told_.empty()) break;
  }
  EXPECT_EQ(gate.bars().accept, 0.95);
  told_.clear();
  for (int i = 0; i < 100 && told_.empty(); ++i) {
    gate.saw(0.95, Way::accept);
    gate.judged(true);
  }
  EXPECT_EQ(gate.bars().accept, kNever) << "nothing is above the only confidence there is";
  EXPECT_NE(told_.front().find("it accepts nothing any more"), std::string::npos);
}

TEST_F(Drift, ClosesTheGateWhereThatIsThePolicy) {
  DriftOptions closing = options();
  closing.on_error = OnDrift::close;
  GateWatch gate = watch(closing, setting(0.8, 0.9));
  let_through(gate, 200, 0.5);
  EXPECT_EQ(gate.bars(), (Bars{kNever, kNever}));
}

TEST_F(Drift, OfConfidencesIsToldAndByItselfRaisesNothing) {
  GateWatch gate = watch(options(), setting());
  const auto come = [&](double low, double high) {
    for (int i = 0; i < 2000; ++i) {
      const double confidence = std::uniform_real_distribution{low, high}(random_);
      gate.saw(confidence, confidence >= 0.8 ? Way::accept : Way::escalate);
    }
  };
  come(0.5, 1);
  EXPECT_EQ(told_.size(), 0U);
  come(0.4, 0.9);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NE(told_.front().find("its confidences are no longer what they were"), std::string::npos);
  EXPECT_EQ(gate.bars().accept, 0.8);
  come(0.4, 0.9);
  EXPECT_EQ(told_.size(), 1U) << "what has been told is what they are compared with now";
}

TEST_F(Drift, TakesMissingEvidenceAndNoNumbersAsConfidencesToo) {
  GateWatch gate = watch(options(), setting());
  for (int i = 0; i < 2000; ++i) gate.saw(0.5 + i % 10 * 0.01, Way::escalate);
  for (int i = 0; i < 300; ++i)
    gate.saw(i % 2 == 0 ? std::optional{std::nan("")} : std::nullopt, Way::escalate);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(Drift, RefusesAFileThatIsNoStateAndLeavesItAlone) {
  folder_.write("gate.json", "{\"format\": 3");
  EXPECT_THROW(watch(options(), setting()), ModelError);
  EXPECT_EQ(testing::text_of_file(file()), "{\"format\": 3");
}

TEST_F(Drift, RefusesAPlaceWhereNothingCanBeKept) {
  DriftOptions nowhere = options();
  nowhere.state = {folder_ / "missing" / "gate.json", {}};
  EXPECT_THROW(watch(nowhere, setting()), ModelError);
}

TEST_F(Drift, SaysOnceThatItCanKeepNothingAnyMoreAndGoesOn) {
  std::filesystem::create_directory(folder_ / "gone");
  DriftOptions lost = options();
  lost.state = {folder_ / "gone" / "gate.json", {}};
  {
    GateWatch gate = watch(lost, setting());
    std::filesystem::remove_all(folder_ / "gone");
    let_through(gate, 300, 0.5);
    EXPECT_GT(gate.bars().accept, 0.8);
  }
  EXPECT_EQ(std::ranges::count_if(told_,
                                  [](const std::string& line) {
                                    return line.find("its state cannot be kept") != std::string::npos;
                                  }),
            1);
}

TEST(Audit, TakesItsShareAndAlwaysTheSameOnes) {
  int audited = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Request request{.id = std::to_string(i), .text = "the same for all"};
    const bool is = is_audited(request, 0.1);
    EXPECT_EQ(is, is_audited(request, 0.1));
    EXPECT_TRUE(is_audited(request, 1));
    EXPECT_FALSE(is_audited(request, 0));
    audited += is ? 1 : 0;
  }
  EXPECT_NEAR(audited, 1000, 100);
}

TEST(Audit, ComparesWithWhatTheTiersAboveMadeOfIt) {
  Answer passed;
  passed.label = "music";
  passed.tier = "nano";
  Message ended;
  ended.answer.label = "music";
  ended.answer.tier = "medium";
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), false);
  EXPECT_EQ(is_wrong(Way::reject, passed, ended, OutcomeKind::answered), true);
  ended.answer.label = "weather";
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), true);
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::rejected), true);
  EXPECT_EQ(is_wrong(Way::reject, passed, ended, OutcomeKind::rejected), false);
  EXPECT_EQ(is_wrong(Way::reject, passed, ended, OutcomeKind::abstained), false);
  for (const OutcomeKind unsaid : {OutcomeKind::abstained, OutcomeKind::expired, OutcomeKind::failed})
    EXPECT_EQ(is_wrong(Way::accept, passed, ended, unsaid), std::nullopt);
  ended.is_degraded = true;
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), std::nullopt);
  ended.is_degraded = false;
  ended.answer.tier = "nano";
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), std::nullopt) << "nobody else spoke";
}

TEST(Audit, ComparesTextsAsJsonAndTextsWithLabels) {
  Answer passed;
  passed.text = R"({"a":1,"b":2})";
  Message ended;
  ended.answer.tier = "medium";
  ended.answer.text = R"({ "b": 2, "a": 1 })";
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), false);
  passed = {};
  passed.label = "joy";
  ended.answer.text = "joy\n";
  EXPECT_EQ(is_wrong(Way::accept, passed, ended, OutcomeKind::answered), false);
}

TEST(Shares, AreReadWithAndWithoutPercent) {
  EXPECT_EQ(Share::parse("1%").value, 0.01);
  EXPECT_EQ(Share::parse("0.25").value, 0.25);
  EXPECT_EQ(Share::parse("100%").value, 1);
  for (const char* wrong : {"", "%", "101%", "1.5", "-1%", "1 %", "nan", "one"})
    EXPECT_THROW(Share::parse(wrong), std::invalid_argument) << wrong;
}

}  // namespace
}  // namespace slm
