#include "nodes/join.h"

#include <algorithm>

namespace slm {
namespace {

const std::string& vote_of(const Branch& branch) {
  return branch.answer.text.empty() ? branch.answer.label : branch.answer.text;
}

std::size_t votes_for(const Branch& candidate, std::span<const Branch> branches) {
  return static_cast<std::size_t>(std::count_if(branches.begin(), branches.end(), [&](const Branch& branch) {
    return !branch.ended && vote_of(branch) == vote_of(candidate);
  }));
}

/// The first arrived branch with the highest score; null where none arrived.
template <class Score>
const Branch* best(std::span<const Branch> branches, const Score& score) {
  const Branch* found = nullptr;
  for (const Branch& branch : branches) {
    if (!branch.ended && (!found || score(branch) > score(*found))) found = &branch;
  }
  return found;
}

const Branch* chosen(JoinPolicy policy, std::span<const Branch> branches) {
  switch (policy) {
    case JoinPolicy::first:
      return best(branches, [](const Branch&) { return 0; });
    case JoinPolicy::majority:
      return best(branches, [&](const Branch& branch) { return votes_for(branch, branches); });
    case JoinPolicy::best_confidence:
      return best(branches, [](const Branch& branch) { return branch.answer.confidence.value_or(-1); });
  }
  return nullptr;
}

Exit without_answer(std::span<const Branch> branches) {
  std::string reasons;
  bool has_failed = false;
  for (const Branch& branch : branches) {
    has_failed = has_failed || branch.ended == OutcomeKind::failed;
    if (branch.reason.empty()) continue;
    if (!reasons.empty()) reasons += "; ";
    reasons += branch.reason;
  }
  std::string reason = "no branch arrived" + (reasons.empty() ? "" : ": " + reasons);
  return has_failed ? Exit::fail(std::move(reason)) : Exit::abstain(std::move(reason));
}

}  // namespace

Fields<JoinOptions> JoinOptions::fields() {
  return Fields<JoinOptions>{}
      .required("policy", &JoinOptions::policy, "which branch's answer is taken")
      .optional("to", &JoinOptions::to, "next node; left out, the message is answered");
}

JoinAnswers::JoinAnswers(JoinOptions options, const NodeContext& /*context*/)
    : options_{std::move(options)} {}

bool JoinAnswers::is_settled(std::span<const Branch> branches, std::size_t expected) const {
  if (branches.size() == expected) return true;
  const Branch* leader = chosen(options_.policy, branches);
  if (!leader) return false;
  if (options_.policy == JoinPolicy::first) return true;
  return options_.policy == JoinPolicy::majority && votes_for(*leader, branches) > expected / 2;
}

Exit JoinAnswers::join(Message& message, std::span<const Branch> branches) {
  const Branch* taken = chosen(options_.policy, branches);
  if (!taken) return without_answer(branches);
  message.answer = taken->answer;
  return options_.to;
}

}  // namespace slm
