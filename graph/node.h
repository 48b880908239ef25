#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/message.h"

namespace slm {

/// A named exit of a node, as the pipeline file sets it with `to`.
struct Port {
  std::vector<std::string> to;                    ///< node names; none: the message ends here
  OutcomeKind when_open = OutcomeKind::answered;  ///< how it ends then
  std::size_t index = 0;                          ///< set by the loader
};

/// How a message leaves a node: by a port, or ending at once.
class Exit {
 public:
  Exit(const Port& port) : port_{port.index} {}  // NOLINT(google-explicit-constructor): reads as `return to;`

  /// By port `index`, for nodes that are built without a pipeline file.
  static Exit by(std::size_t index) { return Exit{index}; }
  static Exit fail(std::string reason) { return {OutcomeKind::failed, std::move(reason)}; }
  static Exit expire(std::string reason) { return {OutcomeKind::expired, std::move(reason)}; }
  static Exit abstain(std::string reason) { return {OutcomeKind::abstained, std::move(reason)}; }
  /// Ends as another process has ended it; the reason already names the node.
  static Exit as_told(OutcomeKind ending, std::string reason) {
    Exit exit{ending, std::move(reason)};
    exit.names_node_ = true;
    return exit;
  }

  std::size_t port() const { return port_; }
  std::optional<OutcomeKind> ending() const { return ending_; }
  std::string& reason() { return reason_; }
  /// Whether `reason` says which node it comes from.
  bool names_node() const { return names_node_; }

 private:
  explicit Exit(std::size_t port) : port_{port} {}
  Exit(OutcomeKind ending, std::string reason) : ending_{ending}, reason_{std::move(reason)} {}

  std::size_t port_ = 0;
  std::optional<OutcomeKind> ending_;
  std::string reason_;
  bool names_node_ = false;
};

/// A step that works on the engine's own threads and returns when it is done.
///
/// `process` is called from many threads at once, each with a message of its own. What it throws becomes the
/// message's `failed` outcome. It should not wait: what waits is an `AsyncNode`.
class Node {
 public:
  virtual ~Node() = default;
  virtual Exit process(Message& message) = 0;
};

/// A step whose work happens on threads of its own: a model, a link, a timer.
///
/// `process` starts the work and returns; the message stays valid until `done` has been called, exactly once,
/// from any thread, possibly before `process` returns. If `process` throws it must not have called `done` nor
/// do so later.
class AsyncNode {
 public:
  virtual ~AsyncNode() = default;
  using Done = std::function<void(Exit)>;
  virtual void process(Message& message, Done done) = 0;
};

/// For an asynchronous node that has to wait long, such as for another process to come back: gives back the
/// message's place among those in flight, so that others go on. So many may wait; beyond that the message
/// keeps its place. From any thread, before `done`.
inline constexpr std::size_t kMaxParked = 100'000;
void park(Message& message);

/// One branch of a fork, as the join that gathers it sees it.
struct Branch {
  Answer answer;
  std::optional<OutcomeKind> ended;  ///< empty: it arrived at the join; else how it ended on the way
  std::string reason;                ///< why it ended on the way
  std::vector<Hop> trace;            ///< the nodes it visited since the fork
  bool is_degraded = false;          ///< as in `Message`
};

/// A step that gathers the branches of a fork into one message again.
///
/// The engine calls it for one message from one thread at a time, for different messages together. Branches
/// come in any order; one that ended on the way comes in too, so a join never waits for what will not come.
class JoinNode {
 public:
  virtual ~JoinNode() = default;

  /// Whether these branches decide the matter. Those still out are then called off. Always true once all are
  /// in.
  virtual bool is_settled(std::span<const Branch> branches, std::size_t expected) const = 0;

  /// Makes one answer of the branches. `message` is the request as it was at the fork.
  virtual Exit join(Message& message, std::span<const Branch> branches) = 0;
};

using AnyNode = std::variant<std::unique_ptr<Node>, std::unique_ptr<AsyncNode>, std::unique_ptr<JoinNode>>;

}  // namespace slm
