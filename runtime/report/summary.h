#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/message.h"
#include "graph/pipeline.h"
#include "runtime/report/expectation.h"
#include "runtime/report/latency_histogram.h"

namespace slm::runtime {

/// How many outcomes had an expectation, and how many were as expected.
struct Accuracy {
  std::uint64_t judged = 0;
  std::uint64_t right = 0;

  void add(std::optional<bool> is_right);
};

/// What one model did. Outcomes belong to the model that answered last, tokens, cost and energy to the one
/// that took them.
struct TierSummary {
  std::string name;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  Accuracy accuracy;  ///< of what it answered or rejected
  std::uint64_t calls = 0;
  std::uint64_t hits = 0;       ///< answered from its cache instead
  std::uint64_t near_hits = 0;  ///< of them with the answer to a near question
  std::uint64_t visits() const { return calls + hits; }
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  double cost = 0;
  double energy_j = 0;
  bool has_cache = false;
  bool has_nearest = false;  ///< which looks for near questions
};

/// What a run would have spent had every request gone to one tier.
struct AllToOne {
  std::string tier;
  double cost = 0;
  double energy_j = 0;
};

/// Adds up the outcomes of a run, in memory that does not grow with them. One thread at a time.
class Summary {
 public:
  explicit Summary(const PipelineSpec& spec);

  void add(const Outcome& outcome, const Expectation& expectation);
  /// As `add`, of a line that could not be read: it never ran, so its latency says nothing.
  void add_unread(const Outcome& outcome, const Expectation& expectation);

  /// All but latencies, as JSON; `restore` goes on with what an earlier run of the same pipeline has saved.
  std::string saved() const;
  void restore(const std::string& saved);

  std::uint64_t count(OutcomeKind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  std::uint64_t total() const { return total_; }
  /// Of all judged outcomes, however they ended.
  const Accuracy& accuracy() const { return accuracy_; }
  /// In the order of the pipeline file, those without a part in the run too.
  const std::vector<TierSummary>& tiers() const { return tiers_; }
  /// Had every request gone to the model of the pipeline's last node with one, each spending what its calls
  /// did on average; empty where it was not called. An estimate: what reaches it may be longer than the rest.
  std::optional<AllToOne> all_to_top() const;
  /// Of those that ran.
  const LatencyHistogram& latencies() const { return latencies_; }

 private:
  TierSummary& tier(std::string_view name);
  void count(const Outcome& outcome, std::optional<bool> is_right);

  std::array<std::uint64_t, 5> by_kind_{};
  std::uint64_t total_ = 0;
  Accuracy accuracy_;
  std::vector<TierSummary> tiers_;
  std::string top_;
  std::map<std::string, std::string, std::less<>> model_of_node_;
  LatencyHistogram latencies_;
};

inline constexpr std::array kOutcomeKinds = {OutcomeKind::answered, OutcomeKind::rejected,
                                             OutcomeKind::abstained, OutcomeKind::expired,
                                             OutcomeKind::failed};

}  // namespace slm::runtime
