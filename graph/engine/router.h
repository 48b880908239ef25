#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/engine/fast_clock.h"
#include "graph/engine/flow.h"
#include "graph/engine/fork.h"
#include "graph/engine/ledger.h"
#include "graph/engine/pace.h"
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
  void submit(Request&& request, Engine::Callback&& callback, Slot&& slot) {
    flow_.admit(std::move(request), std::move(callback), std::move(slot), now());
  }
  /// Sends a message that comes from another process to a node: at once on the caller's thread where that has
  /// been quick of late, since another thread would take longer to wake. From any thread.
  void enter(Message&& message, std::size_t node, Engine::Callback&& callback, Slot&& slot);
  /// Ends every message `expired` at its next node from now on. From any thread.
  void cancel() { is_cancelled_ = true; }

  Clock::time_point now() const { return time_ ? time_->now() : FastClock::now(); }

 private:
  void admit(Submission&& submission) noexcept override;
  void arrive(ParcelPtr parcel) noexcept override;
  void resume(ParcelPtr parcel) noexcept override;

  void go_on(ParcelPtr parcel);

  // The following give back what goes on from there on this thread: the same message, the one that it was a
  // branch of, or none.

  // What a kind of node does with a message.
  ParcelPtr process(Node& node, ParcelPtr parcel);
  ParcelPtr process(AsyncNode& node, ParcelPtr parcel);
  ParcelPtr process(JoinNode& node, ParcelPtr parcel);
  ParcelPtr begin(AsyncNode& node, ParcelPtr parcel);
  ParcelPtr arrive_as_branch(ParcelPtr parcel);

  // Where it goes next.
  ParcelPtr leave(ParcelPtr parcel, Exit&& exit);
  ParcelPtr fork(ParcelPtr trunk, const PlannedPort& port);
  ParcelPtr gather(ParcelPtr branch, std::optional<OutcomeKind> ended, std::string reason);
  ParcelPtr call_off(ParcelPtr branch);
  ParcelPtr report(ParcelPtr branch, std::optional<Branch> news);
  void spawn(ParcelPtr parcel, std::size_t node);

  // How it ends.
  bool is_wanted(const Parcel& parcel) const;
  ParcelPtr end_unwanted(ParcelPtr parcel, std::string_view late);
  ParcelPtr end(ParcelPtr parcel, OutcomeKind kind, std::string reason);
  void deliver(ParcelPtr parcel, OutcomeKind kind, std::string reason);

  void begin_hop(Parcel& parcel) const;
  void end_hop(Parcel& parcel) const;
  const JoinNode& join_node(std::size_t node) const;
  std::string blame(std::size_t node, std::string_view reason) const;

  Plan plan_;
  std::vector<Pace> paces_;                                      ///< of what enters at each node
  const std::shared_ptr<const std::vector<std::string>> names_;  ///< of the nodes; outcomes share it
  const std::shared_ptr<const TimeSource> time_;
  const std::optional<std::chrono::milliseconds> timeout_;  ///< of requests that bring none
  const Privacy privacy_;                                   ///< `local`: of all requests
  Ledger& ledger_;
  Slots& slots_;
  std::atomic<bool> is_cancelled_ = false;
  Flow flow_;  ///< last, so that nothing moves any more when the rest goes
};

}  // namespace slm::engine
