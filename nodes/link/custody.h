#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/message.h"
#include "graph/pipeline.h"
#include "nodes/link/link_client.h"
#include "nodes/link/spool.h"

namespace slm::link {

/// A message that an earlier run of this process left in its spool.
struct LeftMessage {
  Message message;
  std::size_t node = 0;  ///< where it was going, in another process
};

/// Keeps calls on disk from before they are sent until their outcome is safe. Every function may be called
/// from any thread.
class Custody : public std::enable_shared_from_this<Custody> {
 public:
  /// Opens the spool for calls to `callee` in `folder`, which is made where it is missing. Throws SpoolError.
  static std::shared_ptr<Custody> open(const std::filesystem::path& folder, const Pipeline& pipeline,
                                       const std::string& callee, SpoolOptions options);

  /// The same for every run, so that a callee knows calls that an earlier run has sent.
  const Instance& instance() const { return instance_; }

  /// Gives the call its key, stores it and then hands it to `kept`, with a receipt instead of those that it
  /// had, or with the problem that kept it from being stored.
  void keep(OutgoingCall call, std::function<void(OutgoingCall, std::optional<std::string> problem)> kept);
  /// The key of a call whose message was left by an earlier run and has not gone on since.
  std::optional<CallKey> key_of(const OutgoingCall& call) const;
  void attempted(const CallKey& key) { spool_->attempted({key.epoch, key.sequence}); }

  /// What earlier runs left, in order, a page at a time; empty at the end.
  std::vector<LeftMessage> read_left();
  std::uint64_t left() const { return left_; }

 private:
  class Kept;
  Custody(const Pipeline& pipeline, std::string callee) : pipeline_{pipeline}, callee_{std::move(callee)} {}
  std::optional<LeftMessage> left_of(const SpoolEntry& entry);
  Kept* own_receipt(const OutgoingCall& call) const;

  const Pipeline pipeline_;
  const std::string callee_;
  Instance instance_;
  std::unique_ptr<Spool> spool_;
  SpoolId read_to_;
  std::uint64_t left_ = 0;
};

}  // namespace slm::link
