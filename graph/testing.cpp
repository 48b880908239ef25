#include "graph/testing.h"

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace slm {
namespace {

NodeResult result_of(Message message, Exit exit) {
  message.hop().left = Clock::now();
  NodeResult result{.message = std::move(message), .port = {}, .ending = exit.ending(), .reason = {}};
  if (exit.ending()) {
    result.reason = std::move(exit.reason());
  } else {
    result.port = exit.port();
  }
  return result;
}

template <typename Work>
Exit attempt(const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return Exit::fail(error.what());
  } catch (...) {
    return Exit::fail("threw something that is no std::exception");
  }
}

NodeResult run_async(AsyncNode& node, Message message, std::chrono::milliseconds limit) {
  struct Visit {
    Message message;
    std::promise<Exit> exit;
  };
  const auto visit = std::make_shared<Visit>();  // a node that is late still has its message
  visit->message = std::move(message);
  auto exit = visit->exit.get_future();
  try {
    node.process(visit->message, [visit](Exit by) { visit->exit.set_value(std::move(by)); });
  } catch (...) {
    return result_of(std::move(visit->message), attempt([]() -> Exit { throw; }));
  }
  if (exit.wait_for(limit) != std::future_status::ready) {
    return result_of(visit->message, Exit::fail("was not done within the limit"));
  }
  return result_of(std::move(visit->message), exit.get());
}

}  // namespace

NodeRunner::NodeRunner(AnyNode node, std::chrono::milliseconds limit)
    : node_{std::move(node)}, limit_{limit} {}

NodeResult NodeRunner::run(Request request) {
  Message message;
  message.request = std::move(request);
  message.submitted = Clock::now();
  if (message.request.timeout) message.deadline = message.submitted + *message.request.timeout;
  return run(std::move(message));
}

NodeResult NodeRunner::run(Message message) {
  message.trace.push_back({.node = "node", .entered = Clock::now(), .left = {}});
  if (auto* node = std::get_if<std::unique_ptr<AsyncNode>>(&node_)) {
    return run_async(**node, std::move(message), limit_);
  }
  auto exit = attempt([&] { return std::get<std::unique_ptr<Node>>(node_)->process(message); });
  return result_of(std::move(message), std::move(exit));
}

NodeResult NodeRunner::join(Request request, std::span<const Branch> branches) {
  Message message;
  message.request = std::move(request);
  message.trace.push_back({.node = "node", .entered = Clock::now(), .left = {}});
  auto& node = std::get<std::unique_ptr<JoinNode>>(node_);
  auto exit = attempt([&] { return node->join(message, branches); });
  return result_of(std::move(message), std::move(exit));
}

}  // namespace slm
