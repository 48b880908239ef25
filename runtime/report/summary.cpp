#include "runtime/report/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "nodes/model_resource.h"

namespace slm::runtime {

void Accuracy::add(std::optional<bool> is_right) {
  if (!is_right) return;
  ++judged;
  right += *is_right ? 1U : 0U;
}

Summary::Summary(const PipelineSpec& spec) {
  for (const ModelSpec& model : spec.models) {
    if (!spec.asks(model.name)) continue;
    const cache::CacheOptions* cache = cache_of(model);
    TierSummary& added = tier(model.name);
    added.has_cache = cache != nullptr;
    added.has_nearest = cache != nullptr && cache->nearest;
  }
  for (const NodeSpec& node : spec.nodes)
    if (!node.models.empty()) top_ = model_of_node_[node.name] = node.models.front();
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
    ++(hop.is_cached ? user.hits : user.calls);
    user.near_hits += hop.nearest > 0 ? 1U : 0U;
    user.prompt_tokens += hop.prompt_tokens;
    user.generated_tokens += hop.generated_tokens;
    user.cost += hop.cost;
    user.energy_j += hop.energy_j;
  }
  const bool is_answered = outcome.kind == OutcomeKind::answered;
  if (outcome.answer.tier.empty() || (!is_answered && outcome.kind != OutcomeKind::rejected)) return;
  auto& last = tier(outcome.answer.tier);
  ++(is_answered ? last.answered : last.rejected);
  last.accuracy.add(right);
}

std::optional<AllToOne> Summary::all_to_top() const {
  const auto top = std::ranges::find(tiers_, top_, &TierSummary::name);
  if (top == tiers_.end() || top->calls == 0) return std::nullopt;
  const double share = static_cast<double>(total_) / static_cast<double>(top->calls);
  return AllToOne{top_, top->cost * share, top->energy_j * share};
}

std::string Summary::saved() const {
  auto tiers = nlohmann::json::array();
  for (const TierSummary& tier : tiers_)
    tiers.push_back({tier.name, tier.answered, tier.rejected, tier.accuracy.judged, tier.accuracy.right,
                     tier.prompt_tokens, tier.generated_tokens, tier.cost, tier.energy_j, tier.calls,
                     tier.hits, tier.near_hits});
  return nlohmann::json{
      {"by_kind", by_kind_}, {"judged", accuracy_.judged}, {"right", accuracy_.right}, {"tiers", tiers}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Summary::restore(const std::string& saved) {
  const auto json = nlohmann::json::parse(saved);
  json.at("by_kind").get_to(by_kind_);
  total_ = std::accumulate(by_kind_.begin(), by_kind_.end(), std::uint64_t{0});
  json.at("judged").get_to(accuracy_.judged);
  json.at("right").get_to(accuracy_.right);
  for (const auto& row : json.at("tiers")) {
    TierSummary& into = tier(row.at(0).get<std::string>());
    row.at(1).get_to(into.answered);
    row.at(2).get_to(into.rejected);
    row.at(3).get_to(into.accuracy.judged);
    row.at(4).get_to(into.accuracy.right);
    row.at(5).get_to(into.prompt_tokens);
    row.at(6).get_to(into.generated_tokens);
    row.at(7).get_to(into.cost);
    row.at(8).get_to(into.energy_j);
    row.at(9).get_to(into.calls);
    row.at(10).get_to(into.hits);
    if (row.size() > 11) row.at(11).get_to(into.near_hits);
  }
}

}  // namespace slm::runtime
