#include "nodes/link/pool.h"

#include <algorithm>
#include <utility>

namespace slm::link {
namespace {

/// Deaths that a call may share with others before it is tried alone.
constexpr int kTogether = 2;
constexpr std::size_t kLatencies = 512;
/// Latencies that tell a percentile well enough.
constexpr std::size_t kEnoughLatencies = 32;

std::uint64_t microseconds_of(Clock::duration time) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 0));
}

Priority priority_of(const wire::CallT& call) {
  return call.is_batch ? Priority::batch : Priority::interactive;
}

}  // namespace

/// A process that works for the pool, over one connection.
struct Pool::Worker {
  std::pair<std::uint64_t, std::uint64_t> instance;
  std::string name;  ///< for people
  Caller caller;
  bool is_alone = false;        ///< with a suspect
  std::uint64_t last_call = 0;  ///< by its number
};

/// A call that the pool has taken.
struct Pool::Task {
  using OnCancel = std::stop_callback<std::function<void()>>;

  wire::CallId id;
  CarriedCall call;
  Clock::time_point deadline = Clock::time_point::max();
  Clock::time_point arrived;
  Clock::time_point given;
  std::vector<Worker*> at;  ///< who have it
  int attempts = 0;         ///< at which its worker died
  std::stop_source stop;    ///< ends it wherever it is
  std::optional<OnCancel> on_cancel;
};

Pool::Pool(const Pipeline& pipeline, PoolOptions options, Send send, Finish finish, Log log)
    : pipeline_{pipeline},
      options_{std::move(options)},
      expected_{.process = options_.process,
                .pipeline = pipeline_.spec().name,
                .pipeline_hash = options_.pipeline_hash,
                .allow_other_pipelines = options_.allow_other_pipelines,
                .role = wire::Role::worker,
                .processes = {options_.process}},
      send_{std::move(send)},
      finish_{std::move(finish)},
      log_{std::move(log)} {}

Pool::~Pool() = default;

bool Pool::is_suspect(const Task& task) const {
  return task.attempts > 0 && task.attempts >= std::min(kTogether, options_.max_attempts - 1);
}

bool Pool::has_workers() const {
  return std::ranges::any_of(workers_, [](const auto& worker) { return worker.second->caller.window() > 0; });
}

PoolStats Pool::stats() const {
  PoolStats stats = stats_;
  stats.workers = workers_.size();
  return stats;
}

void Pool::receive(const RoutingId& peer, const std::string& user, Packet packet, Clock::time_point now) {
  if (const auto* hello = packet.body.AsHello()) return greet(peer, user, *hello, now);
  const auto worker = workers_.find(peer);
  if (worker == workers_.end()) return turn_away(peer);
  try {
    if (!worker->second->caller.receive(std::move(packet), now)) lose(peer);
  } catch (const MalformedPacket& error) {
    complain(peer, error.what());
  }
}

void Pool::greet(const RoutingId& peer, const std::string& user, const wire::HelloT& hello,
                 Clock::time_point now) {
  if (const auto refused = refusal_of(hello, expected_)) {
    log_("process `" + options_.process + "` refused a worker" +
         (user.empty() ? "" : " with the key of `" + user + "`") + ": " + refused->reason);
    return refuse(peer, refused->refusal, refused->reason);
  }
  const std::pair instance{hello.instance_high, hello.instance_low};
  // A worker that connects anew is back before its old connection is known to be lost.
  const auto same =
      std::ranges::find(workers_, instance, [](const auto& one) { return one.second->instance; });
  if (same != workers_.end()) lose(RoutingId{same->first});
  lose(peer);

  ClientOptions client;
  client.process = client.callee = options_.process;
  client.pipeline_hash = options_.pipeline_hash;
  client.heartbeat = options_.heartbeat;
  client.max_payload = options_.max_payload;
  client.breaker.failures = 0;  // of what fails, the caller is told
  const std::string name = user.empty() ? "a worker" : "worker `" + user + "`";
  auto worker = std::unique_ptr<Worker>{
      new Worker{.instance = instance,
                 .name = name,
                 .caller = Caller{pipeline_, std::move(client),
                                  [this, peer](Packet packet) { send_(peer, std::move(packet)); }}}};
  worker->caller.connected(now);
  workers_.emplace(peer, std::move(worker));
  ++stats_.joined;
  log_(name + " has joined process `" + options_.process + "`, as number " + std::to_string(workers_.size()));
}

void Pool::refuse(const RoutingId& peer, wire::Refusal refusal, const std::string& reason) {
  wire::RefusedT refused;
  refused.refusal = refusal;
  refused.reason = reason;
  send_(peer, packet(std::move(refused)));
}

void Pool::complain(const RoutingId& peer, const std::string& why) {
  const auto worker = workers_.find(peer);
  log_("process `" + options_.process + "` refused a packet of " +
       (worker == workers_.end() ? "a worker" : worker->second->name) + ": " + why);
  refuse(peer, wire::Refusal::malformed, why);
  lose(peer);
}

void Pool::turn_away(const RoutingId& peer) {
  refuse(peer, wire::Refusal::no_session, "greet first");
}

void Pool::expel(const RoutingId& peer, const std::string& why) {
  refuse(peer, wire::Refusal::identity, why);
  lose(peer);
}

void Pool::lose(const RoutingId& peer) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return;
  // It is nobody's by the time that its calls are given back.
  const std::unique_ptr<Worker> worker = std::move(workers_.extract(found).mapped());
  if (reserved_ == worker.get()) reserved_ = nullptr;
  const std::size_t had = worker->caller.open();
  if (had > 0 || !worker->caller.has_left()) ++stats_.deaths;
  log_(worker->name + " of process `" + options_.process + "` has gone, " + std::to_string(workers_.size()) +
       " are left" + (had > 0 ? "; its " + std::to_string(had) + " messages go to others" : ""));
  worker->caller.disconnected(Clock::now());
  worker->caller.leave();
}

/// Who has most of its window free, of several the one whose last call is the longest ago; null where nobody
/// has room.
Pool::Worker* Pool::roomiest(Priority priority, const Worker* but) {
  Worker* best = nullptr;
  double most = 0;
  for (const auto& [peer, worker] : workers_) {
    if (worker.get() == but || worker.get() == reserved_ || worker->is_alone) continue;
    const auto window = static_cast<double>(worker->caller.window(priority));
    const double room = window > 0 ? 1 - static_cast<double>(worker->caller.open(priority)) / window : 0;
    const bool is_next = best != nullptr && room == most && worker->last_call < best->last_call;
    if (room <= most && !is_next) continue;
    most = room;
    best = worker.get();
  }
  return best;
}

bool Pool::try_do(Work& work) {
  Worker* worker = roomiest(priority_of(work.call));
  if (worker == nullptr) return false;
  auto task = std::make_unique<Task>();
  task->id = work.id;
  task->call.header = std::move(work.call);
  task->call.header.node = static_cast<std::uint16_t>(work.node);
  task->call.text = std::move(work.text);
  task->call.answer = std::move(work.answer);
  task->arrived = Clock::now();
  constexpr std::uint64_t kForever = std::uint64_t{1} << 52;  // microseconds; longer would overflow the clock
  if (const std::uint64_t left = task->call.header.remaining_us; left > 0 && left < kForever)
    task->deadline = task->arrived + std::chrono::microseconds{left};
  task->on_cancel.emplace(work.cancelled, [stop = task->stop]() mutable { stop.request_stop(); });
  give(*task, *worker);
  if (options_.hedge_after) hedgeable_.emplace_back(task->given, task->id);
  tasks_.insert_or_assign(work.id, std::move(task));
  return true;
}

void Pool::give(Task& task, Worker& worker) {
  OutgoingCall call;
  call.call = task.call;
  call.key = {0, worker.last_call = ++sequence_};
  call.deadline = task.deadline;
  call.cancelled = task.stop.get_token();
  call.done = [this, &worker, id = task.id](CallResult result, const auto&) {
    ended(worker, id, std::move(result));
  };
  task.given = Clock::now();
  task.at.push_back(&worker);
  worker.is_alone = is_suspect(task);
  worker.caller.add(std::move(call));
}

void Pool::ended(Worker& worker, const wire::CallId& id, CallResult result) {
  worker.is_alone = false;
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;  // another worker was faster
  Task& task = *found->second;
  std::erase(task.at, &worker);
  if (std::holds_alternative<OutOfReach>(result)) return take_back(task);
  if (const auto* late = std::get_if<GivenUp>(&result))
    return finish(id, wire::Ending::expired, late->reason);
  if (const auto* failed = std::get_if<CallFailed>(&result))
    return finish(id, wire::Ending::failed, failed->reason);
  auto& returned = std::get<Returned>(result);
  learn(Clock::now() - task.given);
  try {
    wire::ReplyT& reply = returned.reply.header;
    reply.node = static_cast<std::uint16_t>(
        reply.ending == wire::Ending::goes_on ? returned.nodes->ours(reply.node) : 0);
    for (auto& hop : reply.hops) {
      if (hop->process.empty()) hop->node = static_cast<std::uint16_t>(returned.nodes->ours(hop->node));
      hop->entered_us += microseconds_of(task.given - task.arrived);
    }
    finish(id, std::move(returned.reply));
  } catch (const MalformedPacket& error) {
    finish(id, wire::Ending::failed, std::string{"a reply that cannot be: "} + error.what());
  }
}

/// For a task whose worker has died.
void Pool::take_back(Task& task) {
  ++task.attempts;
  if (!task.at.empty()) return;  // a second worker has it
  if (task.attempts >= options_.max_attempts) {
    ++stats_.poisonous;
    return finish(task.id, wire::Ending::failed,
                  std::to_string(task.attempts) + " workers of process `" + options_.process +
                      "` died while they had this message");
  }
  ++stats_.again;
  again_.push_back(task.id);
}

void Pool::finish(const wire::CallId& id, CarriedReply reply) {
  const auto task = tasks_.extract(id);
  if (!task.empty()) task.mapped()->stop.request_stop();  // where else it may be
  finish_(id, std::move(reply));
}

void Pool::finish(const wire::CallId& id, wire::Ending ending, const std::string& reason) {
  CarriedReply reply;
  reply.header.ending = ending;
  reply.header.reason = reason;
  reply.header.answer = std::make_unique<wire::AnswerT>();
  reply.payloads.emplace_back();
  finish(id, std::move(reply));
}

void Pool::give_again(Clock::time_point now) {
  bool is_one_waiting = false;
  for (const wire::CallId& id : std::exchange(again_, {})) {
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) continue;
    Task& task = *found->second;
    if (task.deadline <= now || task.stop.stop_requested()) {
      finish(id, wire::Ending::expired, "late at process `" + options_.process + "`");
      continue;
    }
    if (is_suspect(task)) {
      if (give_alone(task)) continue;
      is_one_waiting = true;
    } else if (Worker* worker = roomiest(priority_of(task.call.header))) {
      give(task, *worker);
      continue;
    }
    again_.push_back(id);
  }
  if (!is_one_waiting) reserved_ = nullptr;
}

/// Gives a suspect to a worker that has nothing else, or sees to it that there will be one.
bool Pool::give_alone(Task& task) {
  Worker* quietest = reserved_;
  for (const auto& [peer, worker] : workers_) {
    if (worker->caller.window() == 0 || worker->is_alone) continue;
    if (quietest == nullptr || worker->caller.open() < quietest->caller.open()) quietest = worker.get();
  }
  reserved_ = quietest;
  if (quietest == nullptr || quietest->caller.open() > 0) return false;
  give(task, *quietest);
  reserved_ = nullptr;
  return true;
}

/// Asks a second worker where the first takes longer than most calls do (Dean and Barroso, "The Tail at
/// Scale", 2013).
void Pool::hedge(Clock::time_point now) {
  while (!hedgeable_.empty() && now - hedgeable_.front().first >= patience_) {
    const auto found = tasks_.find(hedgeable_.front().second);
    if (found != tasks_.end() && found->second->attempts == 0) {
      const Task& task = *found->second;
      Worker* second = roomiest(priority_of(task.call.header), task.at.empty() ? nullptr : task.at.front());
      if (second == nullptr) return;  // all are busy: later
      const Clock::time_point given = found->second->given;
      give(*found->second, *second);
      found->second->given = given;
      ++stats_.hedged;
    }
    hedgeable_.pop_front();
  }
}

void Pool::learn(Clock::duration latency) {
  if (!options_.hedge_after) return;
  if (latencies_.size() < kLatencies)
    latencies_.push_back(latency);
  else
    latencies_[next_latency_ % kLatencies] = latency;
  if (++next_latency_ % kEnoughLatencies != 0) return;
  auto sorted = latencies_;
  const auto at = static_cast<std::size_t>(*options_.hedge_after * static_cast<double>(sorted.size() - 1));
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(at));
  patience_ = sorted[at];
}

Clock::time_point Pool::tick(Clock::time_point now) {
  auto next = now + options_.heartbeat / 2;
  std::vector<RoutingId> gone;
  for (const auto& [peer, worker] : workers_) {
    const bool is_done = worker->caller.has_left() && worker->caller.open() == 0;
    if (!worker->caller.tick(now) || is_done) gone.push_back(peer);
    next = std::min(next, worker->caller.next(now));
  }
  for (const RoutingId& peer : gone) lose(peer);
  give_again(now);
  hedge(now);
  if (!hedgeable_.empty() && patience_ != Clock::duration::max())
    next = std::min(next, std::max(hedgeable_.front().first + patience_, now + std::chrono::milliseconds{1}));
  return next;
}

void Pool::flush(Clock::time_point now) {
  for (const auto& [peer, worker] : workers_) worker->caller.flush(now);
}

void Pool::leave() {
  tasks_.clear();
  again_.clear();
  for (const auto& [peer, worker] : workers_) worker->caller.leave();
}

}  // namespace slm::link
