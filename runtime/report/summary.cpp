#include "runtime/report/summary.h"

#include <algorithm>

namespace slm::runtime {

void Accuracy::add(std::optional<bool> is_right) {
  if (!is_right) return;
  ++judged;
  right += *is_right ? 1U : 0U;
}

Summary::Summary(const PipelineSpec& spec) {
  for (const ModelSpec& model : spec.models) tier(model.name);
  for (const NodeSpec& node : spec.nodes)
    if (!node.models.empty()) model_of_node_[node.name] = node.models.front();
}

TierSummary& Summary::tier(std::string_view name) {
  const auto found = std::ranges::find(tiers_, name, &TierSummary::name);
  if (found != tiers_.end()) return *found;
  auto& added = tiers_.emplace_back();
  added.name = name;
  return added;
}

void Summary::count(const Outcome& outcome, std::optional<bool> is_right) {
  ++total_;
  ++by_kind_[static_cast<std::size_t>(outcome.kind)];
  accuracy_.add(is_right);
}

void Summary::add_unread(const Outcome& outcome, const Expectation& expectation) {
  count(outcome, is_right(expectation, outcome));
}

void Summary::add(const Outcome& outcome, const Expectation& expectation) {
  const auto right = is_right(expectation, outcome);
  count(outcome, right);
  latencies_.add(outcome.latency);

  for (const Hop& hop : outcome.trace) {
    const auto model = model_of_node_.find(hop.node);
    if (model == model_of_node_.end()) continue;
    auto& user = tier(model->second);
    user.prompt_tokens += hop.prompt_tokens;
    user.generated_tokens += hop.generated_tokens;
    user.cost += hop.cost;
  }
  const bool is_answered = outcome.kind == OutcomeKind::answered;
  if (outcome.answer.tier.empty() || (!is_answered && outcome.kind != OutcomeKind::rejected)) return;
  auto& last = tier(outcome.answer.tier);
  ++(is_answered ? last.answered : last.rejected);
  last.accuracy.add(right);
}

}  // namespace slm::runtime
