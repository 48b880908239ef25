#include "nodes/join.h"

#include <gtest/gtest.h>

#include "tests/nodes/no_models.h"

namespace slm {
namespace {

Branch arrived(const std::string& text, std::optional<double> confidence = {}) {
  Branch branch;
  branch.answer.text = text;
  branch.answer.confidence = confidence;
  return branch;
}

Branch ended(OutcomeKind kind, const std::string& reason) {
  Branch branch;
  branch.ended = kind;
  branch.reason = reason;
  return branch;
}

JoinAnswers join_by(JoinPolicy policy) {
  return JoinAnswers{{.policy = policy}, NoModels{}};
}

std::string taken(JoinPolicy policy, const std::vector<Branch>& branches) {
  Message message;
  join_by(policy).join(message, branches);
  return message.answer.text;
}

TEST(Join, FirstIsSettledByTheFirstThatArrives) {
  const JoinAnswers join = join_by(JoinPolicy::first);
  EXPECT_FALSE(join.is_settled(std::vector{ended(OutcomeKind::failed, "x")}, 3));
  EXPECT_TRUE(join.is_settled(std::vector{ended(OutcomeKind::failed, "x"), arrived("a")}, 3));
  EXPECT_EQ("a", taken(JoinPolicy::first, {ended(OutcomeKind::failed, "x"), arrived("a"), arrived("b")}));
}

TEST(Join, MajorityIsSettledOnceNoOtherCanWin) {
  const JoinAnswers join = join_by(JoinPolicy::majority);
  EXPECT_FALSE(join.is_settled(std::vector{arrived("a")}, 3));
  EXPECT_FALSE(join.is_settled(std::vector{arrived("a"), arrived("b")}, 3));
  EXPECT_TRUE(join.is_settled(std::vector{arrived("a"), arrived("a")}, 3));
  EXPECT_EQ("b", taken(JoinPolicy::majority, {arrived("a"), arrived("b"), arrived("b")}));
  EXPECT_EQ("a", taken(JoinPolicy::majority, {arrived("a"), arrived("b")}));
}

TEST(Join, MajorityOfLabelsCountsWhereThereIsNoText) {
  std::vector<Branch> branches(3);
  branches[0].answer.label = "music";
  branches[1].answer.label = branches[2].answer.label = "weather";
  Message message;
  join_by(JoinPolicy::majority).join(message, branches);
  EXPECT_EQ("weather", message.answer.label);
}

TEST(Join, BestConfidenceWaitsForAllAndTakesTheSurest) {
  EXPECT_FALSE(join_by(JoinPolicy::best_confidence).is_settled(std::vector{arrived("a", 0.9)}, 2));
  EXPECT_EQ("b", taken(JoinPolicy::best_confidence, {arrived("a", 0.2), arrived("b", 0.9), arrived("c")}));
  EXPECT_EQ("c", taken(JoinPolicy::best_confidence, {ended(OutcomeKind::expired, "late"), arrived("c")}));
}

TEST(Join, EndsWithReasonsWhereNoBranchArrives) {
  Message message;
  Exit failed = join_by(JoinPolicy::first)
                    .join(message, std::vector{ended(OutcomeKind::rejected, ""),
                                               ended(OutcomeKind::failed, "draft: broke")});
  EXPECT_EQ(OutcomeKind::failed, failed.ending());
  EXPECT_EQ("no branch arrived: draft: broke", failed.reason());
  Exit abstained = join_by(JoinPolicy::majority).join(message, std::vector{ended(OutcomeKind::rejected, "")});
  EXPECT_EQ(OutcomeKind::abstained, abstained.ending());
}

}  // namespace
}  // namespace slm
