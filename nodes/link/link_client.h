#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>

#include "graph/message.h"
#include "graph/pipeline.h"
#include "nodes/link/carry.h"
#include "nodes/link/process_security.h"

namespace slm::link {

/// Who calls, as callees tell callers apart.
struct Instance {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Instance&) const = default;
  static Instance draw();  ///< a new one, at random
};

class Custody;

struct ClientOptions {
  std::string process;  ///< who calls
  std::string callee;
  Endpoint connect;
  Connecting connecting;
  std::uint64_t pipeline_hash = 0;
  Instance instance = Instance::draw();
  std::chrono::milliseconds heartbeat{1000};  ///< until the callee says its own
  std::chrono::milliseconds first_retry{20};  ///< after a lost connection; then up to `last_retry`
  std::chrono::milliseconds last_retry{5000};
  std::chrono::milliseconds out_of_reach{3000};  ///< without a connection for so long, calls do not wait
  std::shared_ptr<Custody> custody;              ///< null: calls are kept in memory only
  BreakerSpec breaker;
  int max_attempts = 5;                   ///< of a call at which its callee died
  std::size_t compress_above = SIZE_MAX;  ///< bytes
  std::size_t max_payload = std::size_t{16} << 20;
  std::function<void(std::string)> log = [](const std::string&) {};
};

/// What came of a call.
struct Returned {
  CarriedReply reply;
  std::shared_ptr<const NodeTable> nodes;  ///< for the numbers in it
};
struct OutOfReach {
  std::string reason;
};
/// Its deadline passed, or it was cancelled; the callee has been told.
struct GivenUp {
  std::string reason;
};
struct CallFailed {
  std::string reason;
};
using CallResult = std::variant<Returned, OutOfReach, GivenUp, CallFailed>;

/// Which of a caller's calls it is; unique among those of its instance.
struct CallKey {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const CallKey&) const = default;
};

struct OutgoingCall {
  CarriedCall call;
  CallKey key;  ///< given by `LinkClient::call`, unless it was spooled before
  Clock::time_point deadline = Clock::time_point::max();
  std::stop_token cancelled;
  std::vector<std::shared_ptr<Receipt>> receipts;
  /// Stored with the call, and not a part of it: what was taken out of the message is not sent.
  std::shared_ptr<const std::vector<KeptValue>> kept_values;
  bool waits = false;             ///< for a callee out of reach, instead of ending `OutOfReach`
  std::function<void()> on_wait;  ///< called once if it waits so; as `done`
  bool is_durable = false;        ///< kept on disk, where the client has a custody
  /// Called once, on a thread of the client's, with the receipts that the message has now; must be quick and
  /// not throw.
  std::function<void(CallResult, std::vector<std::shared_ptr<Receipt>>)> done;
};

struct ClientStats {
  std::uint64_t calls = 0;
  std::uint64_t resent = 0;      ///< after a lost connection
  std::uint64_t duplicates = 0;  ///< replies to calls that had ended
  std::uint64_t connections = 0;
  std::uint64_t malformed = 0;
  std::uint64_t trips = 0;  ///< of its circuit breaker
  std::size_t open = 0;     ///< calls that have not ended
  bool is_connected = false;
};

/// The calling side of a link: keeps every call until its reply is there, and sends it again over each new
/// connection. Every function may be called from any thread.
class LinkClient {
 public:
  LinkClient(const Pipeline& pipeline, ClientOptions options);
  /// Says goodbye. Calls that have not ended do so `OutOfReach`.
  ~LinkClient();

  /// Waits for no disk.
  void call(OutgoingCall call);
  ClientStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::link
