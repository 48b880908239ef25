#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "nodes/link/breaker.h"
#include "nodes/link/dialler.h"
#include "nodes/link/link_client.h"
#include "nodes/link/wire.h"

namespace slm::link {

/// The calling side of a link, without sockets; see `LinkClient`. For one thread.
///
/// What had been sent when a connection was lost is sent again over the next one.
class Caller : public Session {
 public:
  using Send = std::function<void(Packet)>;

  Caller(const Pipeline& pipeline, ClientOptions options, Send send);

  void add(OutgoingCall call);

  void connected(Clock::time_point now) override;
  void disconnected(Clock::time_point now) override;
  bool receive(Packet packet, Clock::time_point now) override;
  /// As for every session; is told to calls that end for it, too.
  void explain(const std::string& why) override;
  void complain(const std::string& why) override;
  void flush(Clock::time_point now) override;
  /// Sends calls, no acknowledgements, where enough wait to fill a packet.
  void send_full_packets(Clock::time_point now);
  bool tick(Clock::time_point now) override;
  Clock::time_point next(Clock::time_point now) const override;
  bool is_welcome() const override { return is_welcome_; }

  /// Ends every call.
  void leave();

  /// Whether the callee has said goodbye.
  bool has_left() const { return has_left_; }
  /// Calls that have not ended.
  std::size_t open() const { return calls_.size(); }
  std::size_t open(Priority priority) const { return open_[index_of(priority)]; }
  /// Calls that the callee takes at once; 0 where it takes none now.
  std::size_t window(Priority priority = Priority::interactive) const {
    return is_welcome_ ? window_[index_of(priority)] : 0;
  }
  ClientStats stats() const;

 private:
  using Deadlines = std::multimap<Clock::time_point, CallKey>;
  struct Pending {
    OutgoingCall call;
    Deadlines::iterator deadline;
    int attempts = 0;       ///< at which the callee died
    bool is_sent = false;   ///< in this session
    bool was_sent = false;  ///< to the callee that it last heard of
    bool is_again = false;  ///< sent in an earlier session, too, so that its reply may be as old
  };
  using Calls = std::map<CallKey, Pending>;
  /// One for each priority.
  using Sizes = std::array<std::size_t, 2>;
  static std::size_t index_of(Priority priority) { return static_cast<std::size_t>(priority); }
  static std::size_t index_of(const Pending& pending) { return pending.call.call.header.is_batch ? 1 : 0; }

  bool welcome(const wire::WelcomeT& welcome, Clock::time_point now);
  void take_replies(wire::RepliesT& replies, std::vector<Payload>& payloads, Clock::time_point now);
  void end(Calls::iterator call, CallResult result);
  void count_deaths();
  void end_late(Clock::time_point now);
  void end_unwanted();
  static bool goes_on_waiting(Pending& pending);
  void end_held_back(Clock::time_point now);
  void end_unreachable(Clock::time_point now);
  void take_windows(const Sizes& windows, Clock::time_point now);
  void succeeded();
  void failed(const CallKey& key, const std::string& how, Clock::time_point now);
  std::size_t room(Priority priority, Clock::time_point now) const;
  std::size_t calls_a_packet(Priority priority) const;
  void send_calls(Clock::time_point now);
  void send_calls(Priority priority, Clock::time_point now);
  void send_acks(Clock::time_point now);
  bool is_suspect(const Pending& pending) const { return pending.attempts > 0; }
  /// Where a call stands among those to send: a suspect after those that fewer callees died of, so that one
  /// that is poisonous does not hold up the others, and no innocent one is always what a callee dies with.
  using Turn = std::pair<int, CallKey>;
  static Turn turn_of(const Calls::value_type& call) { return {call.second.attempts, call.first}; }
  std::set<Turn>& unsent_like(const Pending& pending) { return unsent_[index_of(pending)]; }
  wire::CallId id_of(const CallKey& key) const;
  void transmit(Packet packet, Clock::time_point now);
  std::string address() const;

  const Pipeline pipeline_;
  const ClientOptions options_;
  const Send send_;

  Calls calls_;                           ///< that have not ended, the oldest first
  Sizes open_{};                          ///< how many they are
  std::array<std::set<Turn>, 2> unsent_;  ///< of them, in this session, by priority
  std::size_t suspects_ = 0;              ///< of them, that a callee died of, or seemed to
  Deadlines deadlines_;                   ///< of those that have one
  std::vector<wire::CallId> acks_;
  Clock::time_point acks_due_ = Clock::time_point::max();
  std::vector<wire::CallId> cancels_;

  bool is_connected_ = false;
  bool is_welcome_ = false;
  bool has_left_ = false;  ///< the callee has said goodbye
  std::string refusal_;
  Breaker breaker_;
  std::optional<CallKey> probe_;  ///< what tries whether an open breaker can be closed
  Sizes in_flight_{};
  Sizes window_{};
  std::size_t max_payload_;
  std::chrono::milliseconds heartbeat_;
  std::shared_ptr<const NodeTable> nodes_;
  std::pair<std::uint64_t, std::uint64_t> callee_{};  ///< the one that it last heard of
  Clock::time_point heard_;
  Clock::time_point told_;
  Clock::time_point looked_;  ///< for cancels and calls that wait no longer
  Clock::time_point lost_;    ///< when the callee last took calls, where it takes none now
  ClientStats stats_;
};

}  // namespace slm::link
