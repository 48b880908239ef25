#pragma once

#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/testing.h"
#include "tests/graph/engine/test_plan.h"

namespace slm::test {

/// Threads that call what they are given, in any order, and finish all of it before they go.
class Workers {
 public:
  explicit Workers(int count);
  ~Workers();
  void call(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> queue_;
  bool is_closing_ = false;
  std::vector<std::jthread> threads_;
};

/// Makes plans of nodes that do what goes wrong: throw in every phase, end, leave by any port, finish twice
/// or never, stop their own request, let time pass. What a node does depends on the seed, the node and the
/// request alone.
class RandomPlan {
 public:
  /// `requests` sources of cancellation, one a request, which is to carry its position as text.
  RandomPlan(unsigned seed, std::size_t requests);

  Plan make();
  std::stop_token cancelled(std::size_t request) const { return stops_[request].get_token(); }
  std::shared_ptr<ManualClock> clock() const { return clock_; }

 private:
  using Next = std::optional<std::size_t>;  ///< the node that follows; empty: the message ends

  bool chance(int percent) { return pick(100) < percent; }
  int pick(int below) { return std::uniform_int_distribution{0, below - 1}(random_); }
  OutcomeKind any_kind() { return static_cast<OutcomeKind>(pick(5)); }
  std::string new_name() const { return std::to_string(plan_.nodes.size()); }
  std::size_t add(PlannedNode node);

  Next sequence(int length, Next after, int depth);
  std::size_t element(Next after, int depth);
  std::size_t fork_and_join(Next after, int depth);
  std::vector<PlannedPort> ports(Next after);

  std::uint64_t dice(const Message& message, std::uint64_t node) const;
  Exit act(Message& message, std::uint64_t dice, std::size_t ports) const;
  void act_async(Message& message, AsyncNode::Done done, std::uint64_t dice, std::size_t ports);

  std::mt19937 random_;
  const std::uint64_t salt_;
  std::vector<std::stop_source> stops_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  Plan plan_;
  Workers workers_{2};
};

}  // namespace slm::test
