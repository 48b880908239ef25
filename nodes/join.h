#pragma once

#include "graph/registry.h"

namespace slm {

enum class JoinPolicy { first, majority, best_confidence };
template <>
struct EnumNames<JoinPolicy> {
  static constexpr std::pair<std::string_view, JoinPolicy> names[] = {
      {"first", JoinPolicy::first},
      {"majority", JoinPolicy::majority},
      {"best_confidence", JoinPolicy::best_confidence}};
};

struct JoinOptions {
  JoinPolicy policy = JoinPolicy::first;
  Port to{.when_open = OutcomeKind::answered};
  static Fields<JoinOptions> fields();
};

/// `join`: makes one answer of a fork's branches.
///
/// `first` takes the first that arrives; `majority` the answer (or label, where there is none) that most
/// branches give, the earliest of those where several do; `best_confidence` the surest by its last gate.
/// Branches that ended on the way do not count; where none arrives the message fails if one of them failed,
/// and is abstained otherwise.
class JoinAnswers : public JoinNode {
 public:
  using Options = JoinOptions;

  JoinAnswers(JoinOptions options, const NodeContext& context);
  bool is_settled(std::span<const Branch> branches, std::size_t expected) const override;
  Exit join(Message& message, std::span<const Branch> branches) override;

 private:
  JoinOptions options_;
};

}  // namespace slm
