#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/engine/flow.h"
#include "graph/engine/fork.h"
#include "graph/engine/ledger.h"
#include "graph/engine/parcel.h"

namespace slm::engine {

/// What the engine's rules make of a message at each node: whether it may enter, what came of it there, where
/// it goes next, how it ends. Whatever a node or a callback throws stops here.
///
/// Functions that take a `ParcelPtr` take the message over: who calls them is done with it.
class Router final : public Visitor {
 public:
  Router(Plan plan, const EngineOptions& options, Ledger& ledger, Slots& slots);

  /// Sends a new message to the entry. From any thread.
  void submit(SubmissionPtr submission);
  /// Ends every message `expired` at its next node from now on. From any thread.
  void cancel() { is_cancelled_ = true; }

  Clock::time_point now() const { return time_ ? time_->now() : Clock::now(); }

 private:
  void admit(SubmissionPtr submission) noexcept override;
  void arrive(ParcelPtr parcel) noexcept override;
  void resume(ParcelPtr parcel) noexcept override;

  // What a kind of node does with a message.
  void process(Node& node, ParcelPtr parcel);
  void process(AsyncNode& node, ParcelPtr parcel);
  void process(JoinNode& node, ParcelPtr parcel);
  void arrive_as_branch(ParcelPtr parcel);

  // Where it goes next.
  void leave(ParcelPtr parcel, Exit&& exit);
  void send(ParcelPtr parcel, std::size_t node);
  void spawn(ParcelPtr parcel, std::size_t node);
  void fork(ParcelPtr trunk, const PlannedPort& port);
  void gather(ParcelPtr branch, std::optional<OutcomeKind> ended, std::string reason);
  void call_off(ParcelPtr branch);
  void report(ParcelPtr branch, std::optional<Branch> news);

  // How it ends.
  ParcelPtr end_unless_wanted(ParcelPtr parcel, std::string_view late);
  void end(ParcelPtr parcel, OutcomeKind kind, std::string reason);
  void deliver(ParcelPtr parcel, OutcomeKind kind, std::string reason);

  void begin_hop(Parcel& parcel) const;
  void end_hop(Parcel& parcel) const;
  const JoinNode& join_node(std::size_t node) const;
  std::string blame(std::size_t node, std::string_view reason) const;

  Plan plan_;
  const std::shared_ptr<const std::vector<std::string>> names_;  ///< of the nodes; outcomes share it
  const std::shared_ptr<const TimeSource> time_;
  const std::optional<std::chrono::milliseconds> timeout_;  ///< of requests that bring none
  Ledger& ledger_;
  Slots& slots_;
  std::atomic<bool> is_cancelled_ = false;
  Flow flow_;  ///< last, so that nothing moves any more when the rest goes
};

}  // namespace slm::engine
