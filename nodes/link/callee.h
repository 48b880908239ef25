#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/message.h"
#include "nodes/link/carry.h"
#include "nodes/link/greeting.h"
#include "nodes/link/listener.h"
#include "nodes/link/wire.h"

namespace slm::link {

struct CallIdHash {
  std::size_t operator()(const wire::CallId& id) const;
};
struct CallIdEqual {
  bool operator()(const wire::CallId& left, const wire::CallId& right) const;
};

/// A call that is to be done.
struct Work {
  wire::CallId id;
  wire::CallT call;
  Payload text;
  Payload answer;
  std::size_t node = 0;  ///< in our pipeline
  std::stop_token cancelled;
};

/// Who does the work of a callee: a graph in this process, or workers elsewhere.
class Doer {
 public:
  virtual ~Doer() = default;
  /// False, with `work` untouched, where there is no room now. What comes of it is told by
  /// `Callee::finished`.
  virtual bool try_do(Work& work) = 0;
};

struct CalleeOptions {
  std::string process;
  std::vector<std::string> callers;  ///< processes that may call
  std::uint64_t pipeline_hash = 0;
  bool allow_other_pipelines =
      false;                  ///< take calls of a pipeline with another hash, where its nodes are known
  std::uint32_t window = 64;  ///< calls that each caller may have unanswered
  std::uint32_t batch_window = 1024;  ///< besides, of batch work
  double rate = 0;                    ///< calls a second of each caller; 0: any
  std::size_t max_callers = 10'000;
  std::chrono::milliseconds heartbeat{1000};  ///< a caller that is silent three times as long is gone
  std::size_t max_payload = std::size_t{16} << 20;
};

/// What a callee has seen, all since its start.
struct CalleeStats {
  std::uint64_t calls = 0;       ///< new ones
  std::uint64_t duplicates = 0;  ///< sent again, by callers that had lost their connection
  std::uint64_t refused = 0;     ///< greetings
  std::uint64_t malformed = 0;   ///< packets
  std::uint64_t violations = 0;  ///< calls beyond a caller's window
  std::size_t callers = 0;       ///< connected now
  std::size_t kept_replies = 0;  ///< not acknowledged yet
};

/// The called side of links, without sockets: greets callers, does each call once however often it is sent,
/// keeps the reply until it is acknowledged, shares the room fairly among callers. A call that is called off
/// has no reply; it is done anew where a caller that has restarted still wants it.
///
/// For one thread. Packets to send are given to `send`, in order; it must not call back.
class Callee : public Host {
 public:
  using Send = std::function<void(const RoutingId&, Packet)>;
  using Log = std::function<void(std::string)>;

  Callee(const PipelineSpec& spec, CalleeOptions options, Doer& doer, Send send, Log log);
  ~Callee() override;

  void receive(const RoutingId& peer, const std::string& user, Packet packet, Clock::time_point now) override;
  void complain(const RoutingId& peer, const std::string& why) override;
  void turn_away(const RoutingId& peer) override;
  void expel(const RoutingId& peer, const std::string& why) override;
  void lost(const RoutingId& peer) override { lose(peer, false); }
  bool is_connected(const RoutingId& peer) const override { return by_peer_.contains(peer); }
  std::size_t connected() const override { return by_peer_.size(); }

  /// What has become of a call that `Doer::try_do` took.
  void finished(const wire::CallId& id, CarriedReply reply);
  /// A connection that is known to be lost; what it asked for is cancelled where nobody will ask again.
  void lose(const RoutingId& peer, bool is_for_good);

  /// Whether callers may send, which they are told.
  void open(bool is_open);
  /// Starts what there is room for and sends the replies that are ready. Call it after all else that a
  /// wake-up brought, and whenever the doer may have room again.
  void flush(Clock::time_point now);
  /// Heartbeats and silence; the time of the next one.
  Clock::time_point tick(Clock::time_point now);

  /// Takes no new calls and says so to everybody.
  void leave(const std::string& why);
  /// No call is waiting or being done.
  bool is_idle() const { return open_ == 0; }
  CalleeStats stats() const;

 private:
  struct Caller;
  struct Record;
  /// Calls of one priority.
  enum Lane : std::size_t { interactive, batch };
  template <class T>
  using PerLane = std::array<T, 2>;

  void greet(const RoutingId& peer, const std::string& user, const wire::HelloT& hello,
             Clock::time_point now);
  void take_calls(Caller& caller, wire::CallsT& calls, std::vector<Payload>& payloads);
  void take_call(Caller& caller, wire::CallT& call, Payload text, Payload answer);
  void enqueue(const wire::CallId& id, Record& record);
  void make_room();
  void forget_waiting(Caller& caller);
  void settle(Caller& caller, Lane lane);
  void keep(Caller& caller, const wire::CallId& id);
  void make_ready(Caller& caller, const wire::CallId& id);
  void send_replies(Caller& caller, Clock::time_point now);
  void forget(Caller& caller, const std::vector<wire::CallId>& ids);
  void cancel(Caller& caller, const std::vector<wire::CallId>& ids);
  void disconnect(Caller& caller);
  void refuse(const RoutingId& peer, wire::Refusal refusal, const std::string& reason);
  bool start(Caller& caller, Lane lane);
  void start_waiting(Lane lane, Clock::time_point now);
  std::string refusal(const MalformedPacket& error) const;
  void fail(const wire::CallId& id, const std::string& reason);
  bool may_start(Caller& caller, Clock::time_point now) const;
  Caller* caller_of(const RoutingId& peer);
  void log_once(const std::string& line);

  using Instance = std::pair<std::uint64_t, std::uint64_t>;
  std::uint32_t window() const { return is_open_ ? options_.window : 0; }
  std::uint32_t batch_window() const { return is_open_ ? options_.batch_window : 0; }
  const PipelineSpec& spec_;
  const CalleeOptions options_;
  const ExpectedGreeting expected_;
  Doer& doer_;
  const Send send_;
  const Log log_;
  const Instance instance_;
  std::map<Instance, std::unique_ptr<Caller>> callers_;
  std::unordered_map<RoutingId, Caller*> by_peer_;
  std::unordered_map<wire::CallId, Record, CallIdHash, CallIdEqual> records_;
  PerLane<std::deque<Caller*>> queue_;  ///< callers with calls that wait, the next one first
  std::vector<Caller*> answered_;       ///< callers with replies to send
  std::vector<std::string> logged_;
  CalleeStats stats_;
  std::size_t open_ = 0;  ///< calls that wait or are being done
  bool is_open_ = true;
  bool is_leaving_ = false;
};

}  // namespace slm::link
