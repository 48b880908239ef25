#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "graph/engine/plan.h"
#include "graph/message.h"

namespace slm {

class Resource;
struct ModelSpec;
struct NodeSpec;

/// Tells the time, so that tests can set it. Called from any thread.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual Clock::time_point now() const = 0;
};

struct EngineOptions {
  // Behaviour
  /// `submit` blocks at this many, without those that are parked; costs their memory. At least 1. A message
  /// whose join was settled early counts until the branches that were called off are gone too, because they
  /// hold memory until then.
  std::size_t max_in_flight = 1024;
  /// For requests that bring none; empty: they never expire.
  std::optional<std::chrono::milliseconds> timeout;
  /// `local`: of every request, whatever it says itself.
  Privacy privacy = Privacy::open;
  /// Puts another model in the place of one that was opened, such as one that records; empty: none. What it
  /// throws is a problem of the model.
  std::function<std::shared_ptr<Resource>(const ModelSpec&, std::shared_ptr<Resource>)> wrap;
  /// The same for nodes, such as one that watches another.
  std::function<AnyNode(const NodeSpec&, AnyNode)> wrap_node;
  /// Told what nodes notice that is no message's matter, a line each, from any thread; empty: nobody.
  std::function<void(const std::string&)> log;
  /// Nodes keep nothing of what they see: messages are tried out, as when a pipeline is tuned.
  bool is_trial = false;
  /// What a node that holds messages for long keeps them in on disk, by its name; for others, in memory
  /// alone.
  std::map<std::string, std::shared_ptr<Resource>> stores;
  /// Stopped where nothing more will be submitted, so that nodes need not wait for it.
  std::stop_token input_ended;
  /// Stopped where the process is to end soon: what nodes and models hold on disk ends `is_put_off`, for
  /// another run.
  std::stop_token leaving;
  // Performance
  int threads = 0;  ///< of the scheduler; 0: one a processor
  // Tests
  std::shared_ptr<const TimeSource> time;  ///< null: the steady clock
};

/// Where all messages are: submitted = answered + rejected + abstained + expired + failed + in_flight,
/// always. A message has ended when its callback is about to run.
struct Counts {
  std::uint64_t submitted = 0;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t abstained = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
};

/// Runs messages through a plan on oneTBB's flow graph.
///
/// Whatever happens on the way, every message has exactly one outcome: what a node throws becomes `failed`,
/// with the node's name before the reason; a message that is late before a node, or comes back late from an
/// asynchronous one, becomes `expired`; a branch that ends on the way reports so to its join. Where a join is
/// settled early, the branches still out are called off: `Request::cancelled` of theirs is stopped, and they
/// end silently.
///
/// Every function may be called from any thread, also from callbacks, but `submit` from a callback can wait
/// for ever when the graph is full; use `try_submit` there.
class Engine {
 public:
  using Callback = std::function<void(Outcome)>;

  /// Throws std::invalid_argument for a plan that `check_runnable` refuses and for a bound of 0.
  Engine(Plan plan, const EngineOptions& options);
  /// Waits until nothing is in flight and every callback has returned. Not to be called from a callback.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Blocks while `max_in_flight` messages are on their way; one of batch work also while such take up three
  /// quarters of that. The callback runs once, on a thread of the
  /// engine; it must be quick, and what it throws is dropped. A request without an id gets its number, from
  /// 1, in the order of submission.
  void submit(Request request, Callback callback);
  /// False, with `request` and `callback` untouched, where `submit` would block.
  bool try_submit(Request& request, Callback& callback);

  /// Lets a message in at a node in the middle, as it comes from another process; its deadline is kept, its
  /// time of submission is now. Blocks as `submit` does.
  void enter(Message message, std::size_t node, Callback callback);
  /// False, with both arguments untouched, where `enter` would block.
  bool try_enter(Message& message, std::size_t node, Callback& callback);

  /// Waits for a moment when nothing is in flight, no branch is out and no callback runs; others may go on
  /// submitting. Not to be called from a callback.
  void drain();
  /// Ends everything in flight, and everything submitted later, `expired` at its next node.
  void cancel();

  /// A consistent snapshot.
  Counts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
