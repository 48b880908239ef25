#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/engine/engine.h"

/// Nodes made of lambdas, short ways to write plans of them, and a place for outcomes to arrive.
namespace slm::test {

constexpr std::chrono::seconds kLimit{60};  ///< for what must happen; far beyond what it takes

class LambdaNode final : public Node {
 public:
  using Work = std::function<Exit(Message&)>;
  explicit LambdaNode(Work work) : work_{std::move(work)} {}
  Exit process(Message& message) override { return work_(message); }

 private:
  Work work_;
};

class LambdaAsyncNode final : public AsyncNode {
 public:
  using Work = std::function<void(Message&, Done)>;
  explicit LambdaAsyncNode(Work work) : work_{std::move(work)} {}
  void process(Message& message, Done done) override { work_(message, std::move(done)); }

 private:
  Work work_;
};

class LambdaJoin final : public JoinNode {
 public:
  using Decide = std::function<bool(std::span<const Branch>, std::size_t)>;
  using Join = std::function<Exit(Message&, std::span<const Branch>)>;
  LambdaJoin(Decide decide, Join join) : decide_{std::move(decide)}, join_{std::move(join)} {}
  bool is_settled(std::span<const Branch> branches, std::size_t expected) const override {
    return decide_(branches, expected);
  }
  Exit join(Message& message, std::span<const Branch> branches) override { return join_(message, branches); }

 private:
  Decide decide_;
  Join join_;
};

inline PlannedPort to(std::size_t node) {
  return {.targets = {node}, .when_open = {}, .gathered_by = {}};
}
inline PlannedPort open(OutcomeKind kind = OutcomeKind::answered) {
  return {.targets = {}, .when_open = kind, .gathered_by = {}};
}
inline PlannedPort fork(std::vector<std::size_t> nodes, std::size_t join) {
  return {.targets = std::move(nodes), .when_open = {}, .gathered_by = join};
}

inline PlannedNode step(std::string name, std::vector<PlannedPort> ports, LambdaNode::Work work) {
  return {std::move(name), std::make_unique<LambdaNode>(std::move(work)), std::move(ports)};
}
/// Leaves by its first port.
inline PlannedNode step(std::string name, std::vector<PlannedPort> ports) {
  return step(std::move(name), std::move(ports), [](Message&) { return Exit::by(0); });
}
inline PlannedNode async_step(std::string name, std::vector<PlannedPort> ports, LambdaAsyncNode::Work work) {
  return {std::move(name), std::make_unique<LambdaAsyncNode>(std::move(work)), std::move(ports)};
}
inline PlannedNode join_step(std::string name, std::vector<PlannedPort> ports, LambdaJoin::Decide decide,
                             LambdaJoin::Join join) {
  return {std::move(name), std::make_unique<LambdaJoin>(std::move(decide), std::move(join)),
          std::move(ports)};
}

template <typename... Nodes>
Plan plan(Nodes&&... nodes) {
  Plan plan;
  (plan.nodes.push_back(std::forward<Nodes>(nodes)), ...);
  return plan;
}

/// Submits one request and waits for what becomes of it.
inline Outcome run(Engine& engine, Request request = {}) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto future = promise->get_future();
  engine.submit(std::move(request), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
  if (future.wait_for(kLimit) != std::future_status::ready) throw std::runtime_error{"no outcome"};
  return future.get();
}
inline Outcome run(Plan plan, Request request = {}, const EngineOptions& options = {}) {
  Engine engine{std::move(plan), options};
  return run(engine, std::move(request));
}

inline std::vector<std::string> path(const Outcome& outcome) {
  std::vector<std::string> names;
  for (const auto& hop : outcome.trace) names.emplace_back(hop.node);
  return names;
}

/// Where outcomes arrive, from any thread. Must outlive the engine, whose callbacks may still be leaving it.
class Outcomes {
 public:
  Engine::Callback callback() {
    return [this](Outcome outcome) {
      const std::lock_guard lock{mutex_};
      outcomes_.push_back(std::move(outcome));
      came_.notify_all();
    };
  }
  /// The first `count`, or fewer when they do not come.
  std::vector<Outcome> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    came_.wait_for(lock, kLimit, [&] { return outcomes_.size() >= count; });
    return outcomes_;
  }
  std::size_t size() {
    const std::lock_guard lock{mutex_};
    return outcomes_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Outcome> outcomes_;
};

/// Work of an asynchronous node that waits until the test says go. Copies share what they hold.
class Held {
 public:
  void operator()(Message& message, AsyncNode::Done done) const {
    const std::lock_guard lock{state_->mutex};
    state_->visits.emplace_back(&message, std::move(done));
    state_->came.notify_all();
  }
  bool wait_for(std::size_t count) const {
    std::unique_lock lock{state_->mutex};
    return state_->came.wait_for(lock, kLimit, [&] { return state_->visits.size() >= count; });
  }
  Message& message(std::size_t index) const {
    const std::lock_guard lock{state_->mutex};
    return *state_->visits.at(index).first;
  }
  void release(std::size_t index, Exit exit = Exit::by(0)) const {
    AsyncNode::Done done;
    {
      const std::lock_guard lock{state_->mutex};
      done = std::exchange(state_->visits.at(index).second, nullptr);
    }
    done(std::move(exit));
  }
  void release_all() const {
    std::size_t count = 0;
    {
      const std::lock_guard lock{state_->mutex};
      count = state_->visits.size();
    }
    for (std::size_t i = 0; i < count; ++i) release(i);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable came;
    std::vector<std::pair<Message*, AsyncNode::Done>> visits;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace slm::test
