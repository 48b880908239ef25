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

/// Keeps calls on disk from before they are sent until their outcome is safe, and messages that a node holds
/// for long. Every function may be called from any thread.
class Custody : public Resource, public std::enable_shared_from_this<Custody> {
 public:
  /// Opens the spool `file`, for what goes to `destination`, a process or a node that holds messages. Its
  /// folder is made where it is missing. Throws SpoolError.
  static std::shared_ptr<Custody> open(const std::filesystem::path& file, const Pipeline& pipeline,
                                       const std::string& destination, SpoolOptions options);

  /// The same for every run, so that a callee knows calls that an earlier run has sent; drawn for the first
  /// one.
  Instance instance() const;

  /// Gives the call its key, stores it and then hands it to `kept`, with a receipt instead of those that it
  /// had, or with the problem that kept it from being stored.
  void keep(OutgoingCall call, std::function<void(OutgoingCall, std::optional<std::string> problem)> kept);
  /// Stores a copy of a message that node `node` of this process holds, which must not be touched before
  /// `kept` has been called: with its receipts exchanged, or with the problem that kept it from being stored.
  void keep(Message& message, std::size_t node, std::function<void(std::optional<std::string> problem)> kept);
  /// Whether the message is in this spool.
  bool has(const Message& message) const { return own_receipt(message.receipts) != nullptr; }
  /// Of a message that an earlier run left here: since when, and whether it had `gone_on` then. Empty for
  /// others, and when asked again.
  struct Earlier {
    std::chrono::system_clock::time_point stored;
    bool has_gone_on = false;
  };
  std::optional<Earlier> take_earlier(const Message& message) const;
  /// Its node lets it go on; in the spool it stays until its outcome is safe.
  void gone_on(const Message& message);

  /// The key of a call whose message was left by an earlier run and has not gone on since.
  std::optional<CallKey> key_of(const OutgoingCall& call) const;
  void attempted(const CallKey& key) { spool_->attempted({key.epoch, key.sequence}); }

  /// What earlier runs left, in order, a page at a time; empty at the end.
  std::vector<LeftMessage> read_left();
  std::uint64_t left() const { return left_; }

 private:
  class Kept;
  Custody(const Pipeline& pipeline, std::filesystem::path file, std::string destination)
      : pipeline_{pipeline}, file_{std::move(file)}, destination_{std::move(destination)} {}
  std::optional<LeftMessage> left_of(const SpoolEntry& entry);
  Kept* own_receipt(const std::vector<std::shared_ptr<Receipt>>& receipts) const;

  const Pipeline pipeline_;
  const std::filesystem::path file_;
  const std::string destination_;
  std::unique_ptr<Spool> spool_;
  SpoolId read_to_;
  std::uint64_t left_ = 0;
};

}  // namespace slm::link
