#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "nodes/link/callee.h"
#include "nodes/link/caller.h"
#include "nodes/link/greeting.h"
#include "nodes/link/listener.h"

namespace slm::link {

struct PoolOptions {
  std::string process;
  std::uint64_t pipeline_hash = 0;
  bool allow_other_pipelines = false;
  std::chrono::milliseconds heartbeat{1000};
  std::size_t max_payload = std::size_t{16} << 20;
  int max_attempts = 5;  ///< workers that may die of a call
  /// Share of the calls, in 0…1, that are answered sooner than one is asked of a second worker; empty: none
  /// is.
  std::optional<double> hedge_after;
};

/// What a pool has seen, all since its start.
struct PoolStats {
  std::size_t workers = 0;      ///< connected now
  std::uint64_t joined = 0;     ///< workers
  std::uint64_t deaths = 0;     ///< workers that went without a goodbye, or with calls
  std::uint64_t again = 0;      ///< calls given to another worker, since theirs had died
  std::uint64_t hedged = 0;     ///< calls given to a second worker, since the first took long
  std::uint64_t poisonous = 0;  ///< calls that too many workers died of
};

/// Has calls done by workers, processes that connect here, without sockets. A call goes to the worker with
/// most room for its window, in turn where several have as much. A worker that dies gives back what it had; a
/// call that has been with two that died is then alone with the next, so that it takes no others with it. For
/// one thread.
///
/// To each worker it speaks as a `Caller`, over the connection that the worker made.
class Pool : public Doer, public Host {
 public:
  using Send = std::function<void(const RoutingId&, Packet)>;
  using Finish = std::function<void(const wire::CallId&, CarriedReply)>;
  using Log = std::function<void(std::string)>;

  Pool(const Pipeline& pipeline, PoolOptions options, Send send, Finish finish, Log log);
  ~Pool() override;

  bool try_do(Work& work) override;

  void receive(const RoutingId& peer, const std::string& user, Packet packet, Clock::time_point now) override;
  void complain(const RoutingId& peer, const std::string& why) override;
  void turn_away(const RoutingId& peer) override;
  void expel(const RoutingId& peer, const std::string& why) override;
  void lost(const RoutingId& peer) override { lose(peer); }
  bool is_connected(const RoutingId& peer) const override { return workers_.contains(peer); }
  std::size_t connected() const override { return workers_.size(); }

  bool has_workers() const;
  /// Silence, calls to be given to others, second requests; the time of the next one.
  Clock::time_point tick(Clock::time_point now);
  /// Sends what may be sent.
  void flush(Clock::time_point now);
  void leave();
  PoolStats stats() const;

 private:
  struct Worker;
  struct Task;
  using Tasks = std::unordered_map<wire::CallId, std::unique_ptr<Task>, CallIdHash, CallIdEqual>;

  void greet(const RoutingId& peer, const std::string& user, const wire::HelloT& hello,
             Clock::time_point now);
  void refuse(const RoutingId& peer, wire::Refusal refusal, const std::string& reason);
  void lose(const RoutingId& peer);
  Worker* roomiest(Priority priority, const Worker* but = nullptr);
  void give(Task& task, Worker& worker);
  void ended(Worker& worker, const wire::CallId& id, CallResult result);
  void take_back(Task& task);
  void give_again(Clock::time_point now);
  bool give_alone(Task& task);
  void hedge(Clock::time_point now);
  void learn(Clock::duration latency);
  void finish(const wire::CallId& id, CarriedReply reply);
  void finish(const wire::CallId& id, wire::Ending ending, const std::string& reason);
  bool is_suspect(const Task& task) const;

  const Pipeline pipeline_;
  const PoolOptions options_;
  const ExpectedGreeting expected_;
  const Send send_;
  const Finish finish_;
  const Log log_;
  std::map<RoutingId, std::unique_ptr<Worker>> workers_;
  Worker* reserved_ = nullptr;  ///< gets nothing new, so that it is empty for a suspect
  Tasks tasks_;
  std::deque<wire::CallId> again_;                                    ///< of tasks whose workers died
  std::deque<std::pair<Clock::time_point, wire::CallId>> hedgeable_;  ///< when given out, the oldest first
  std::vector<Clock::duration> latencies_;                            ///< the last ones, in no order
  std::size_t next_latency_ = 0;
  Clock::duration patience_ = Clock::duration::max();  ///< after which a call is hedged
  std::uint64_t sequence_ = 0;
  PoolStats stats_;
};

}  // namespace slm::link
