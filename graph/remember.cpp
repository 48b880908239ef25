#include "graph/remember.h"

#include <utility>

namespace slm {
namespace {

class RememberingNode : public Node {
 public:
  RememberingNode(std::unique_ptr<Node> node, std::size_t number) : node_{std::move(node)}, number_{number} {}
  Exit process(Message& message) override {
    Exit exit = node_->process(message);
    message.remembered.insert_or_assign(number_, message.answer);
    return exit;
  }

 private:
  std::unique_ptr<Node> node_;
  std::size_t number_;
};

class RememberingAsyncNode : public AsyncNode {
 public:
  RememberingAsyncNode(std::unique_ptr<AsyncNode> node, std::size_t number)
      : node_{std::move(node)}, number_{number} {}
  void process(Message& message, Done done) override {
    node_->process(message, [&message, number = number_, done = std::move(done)](Exit exit) {
      message.remembered.insert_or_assign(number, message.answer);
      done(std::move(exit));
    });
  }

 private:
  std::unique_ptr<AsyncNode> node_;
  std::size_t number_;
};

class RememberingJoin : public JoinNode {
 public:
  RememberingJoin(std::unique_ptr<JoinNode> node, std::size_t number)
      : node_{std::move(node)}, number_{number} {}
  bool is_settled(std::span<const Branch> branches, std::size_t expected) const override {
    return node_->is_settled(branches, expected);
  }
  Exit join(Message& message, std::span<const Branch> branches) override {
    Exit exit = node_->join(message, branches);
    message.remembered.insert_or_assign(number_, message.answer);
    return exit;
  }

 private:
  std::unique_ptr<JoinNode> node_;
  std::size_t number_;
};

}  // namespace

AnyNode remembering(AnyNode node, std::size_t number) {
  if (auto* plain = std::get_if<std::unique_ptr<Node>>(&node))
    return std::make_unique<RememberingNode>(std::move(*plain), number);
  if (auto* async = std::get_if<std::unique_ptr<AsyncNode>>(&node))
    return std::make_unique<RememberingAsyncNode>(std::move(*async), number);
  return std::make_unique<RememberingJoin>(std::move(std::get<std::unique_ptr<JoinNode>>(node)), number);
}

}  // namespace slm
