#include "nodes/link/callee.h"

#include <algorithm>
#include <random>
#include <utility>

namespace slm::link {
namespace {

constexpr int kMisses = 3;
constexpr std::size_t kRemembered = 256;  // lines that are not logged again

}  // namespace

std::size_t CallIdHash::operator()(const wire::CallId& id) const {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio (Knuth)
  return static_cast<std::size_t>(((id.instance_low() * kOdd ^ id.epoch()) * kOdd ^ id.sequence()) * kOdd);
}

bool CallIdEqual::operator()(const wire::CallId& left, const wire::CallId& right) const {
  return left.sequence() == right.sequence() && left.epoch() == right.epoch() &&
         left.instance_low() == right.instance_low() && left.instance_high() == right.instance_high();
}

/// A process that calls, whichever connection it uses.
struct Callee::Caller {
  Instance instance;
  std::string process;
  std::string user;  ///< whose key it greeted with
  RoutingId peer;    ///< empty while it is not connected
  NodeTable nodes;
  Clock::time_point heard;
  Clock::time_point told;
  PerLane<std::deque<wire::CallId>> waiting;
  PerLane<bool> is_queued{};
  PerLane<std::size_t> unanswered{};  ///< calls of this session that have no reply yet
  std::vector<wire::CallId> ready;    ///< replies to send
  std::size_t open = 0;               ///< calls that wait or are being done
  std::size_t kept = 0;               ///< replies that it has not acknowledged
  std::deque<wire::CallId> done;      ///< calls with replies that were kept at first, the oldest first
  double tokens = 0;                  ///< of the token bucket that holds it to the rate
  Clock::time_point refilled;
};

struct Callee::Record {
  enum class State { waiting, being_done, done };
  State state = State::waiting;
  Caller* caller = nullptr;
  Lane lane = interactive;
  Work work;  ///< while waiting, or to be done again
  std::stop_source stop;
  bool is_wanted_again = false;  ///< called off and then sent again, while it was being done
  CarriedReply reply;            ///< once done
};

Callee::Callee(const PipelineSpec& spec, CalleeOptions options, Doer& doer, Send send, Log log)
    : spec_{spec},
      options_{std::move(options)},
      expected_{.process = options_.process,
                .pipeline = spec.name,
                .pipeline_hash = options_.pipeline_hash,
                .allow_other_pipelines = options_.allow_other_pipelines,
                .processes = options_.callers},
      doer_{doer},
      send_{std::move(send)},
      log_{std::move(log)},
      instance_{[] {
        std::random_device random;
        const auto draw = [&] { return (std::uint64_t{random()} << 32) | random(); };
        return Instance{draw(), draw()};
      }()} {}

Callee::~Callee() = default;

Callee::Caller* Callee::caller_of(const RoutingId& peer) {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : found->second;
}

void Callee::log_once(const std::string& line) {
  if (std::ranges::count(logged_, line) > 0) return;
  if (logged_.size() >= kRemembered) logged_.clear();
  logged_.push_back(line);
  log_(line);
}

void Callee::refuse(const RoutingId& peer, wire::Refusal refusal, const std::string& reason) {
  wire::RefusedT refused;
  refused.refusal = refusal;
  refused.reason = reason;
  send_(peer, packet(std::move(refused)));
}

void Callee::receive(const RoutingId& peer, const std::string& user, Packet packet, Clock::time_point now) {
  if (const auto* hello = packet.body.AsHello()) return greet(peer, user, *hello, now);
  Caller* caller = caller_of(peer);
  if (caller == nullptr) return turn_away(peer);
  caller->heard = now;
  switch (packet.body.type) {
    case wire::Body::Calls:
      return take_calls(*caller, *packet.body.AsCalls(), packet.payloads);
    case wire::Body::Acks:
      return forget(*caller, packet.body.AsAcks()->ids);
    case wire::Body::Cancels:
      return cancel(*caller, packet.body.AsCancels()->ids);
    case wire::Body::Ping:
      caller->told = now;
      return send_(peer, link::packet(wire::PongT{}));
    case wire::Body::Pong:
      return;
    case wire::Body::Goodbye:
      return disconnect(*caller);
    default:
      complain(peer, "it is of a kind that no caller sends");
  }
}

void Callee::complain(const RoutingId& peer, const std::string& why) {
  ++stats_.malformed;
  const Caller* caller = caller_of(peer);
  log_once("process `" + options_.process + "` refused a packet" +
           (caller != nullptr ? " of process `" + caller->process + "`" : "") + ": " + why);
  refuse(peer, wire::Refusal::malformed, why);
}

void Callee::greet(const RoutingId& peer, const std::string& user, const wire::HelloT& hello,
                   Clock::time_point now) {
  const auto turn_away = [&](wire::Refusal refusal, const std::string& reason) {
    ++stats_.refused;
    log_once("process `" + options_.process + "` refused `" + hello.process + "`" +
             (user.empty() ? "" : " with the key of `" + user + "`") + ": " + reason);
    refuse(peer, refusal, reason);
  };
  if (is_leaving_)
    return refuse(peer, wire::Refusal::leaving, "process `" + options_.process + "` is leaving");
  if (const auto refused = refusal_of(hello, expected_)) return turn_away(refused->refusal, refused->reason);

  const Instance instance{hello.instance_high, hello.instance_low};
  auto found = callers_.find(instance);
  if (found != callers_.end() && found->second->user != user)
    return turn_away(wire::Refusal::identity,
                     "it claims to be who greeted with the key of `" + found->second->user + "`");
  if (found == callers_.end()) {
    if (callers_.size() >= options_.max_callers) make_room();
    if (callers_.size() >= options_.max_callers)
      return turn_away(wire::Refusal::limit,
                       "there are " + std::to_string(callers_.size()) + " callers already");
    found = callers_.emplace(instance, std::make_unique<Caller>()).first;
    found->second->instance = instance;
    found->second->user = user;
    found->second->refilled = now;
  }
  Caller& caller = *found->second;
  disconnect(caller);  // a restarted caller is back before its old connection is known to be lost
  if (Caller* other = caller_of(peer)) disconnect(*other);
  forget_waiting(caller);
  caller.process = hello.process;
  caller.peer = peer;
  caller.unanswered = {};
  caller.nodes = NodeTable{spec_, hello.nodes};
  caller.heard = caller.told = now;
  by_peer_[peer] = &caller;

  wire::WelcomeT welcome;
  welcome.protocol = kProtocol;
  welcome.process = options_.process;
  welcome.instance_high = instance_.first;
  welcome.instance_low = instance_.second;
  welcome.nodes = node_names(spec_);
  welcome.window = window();
  welcome.batch_window = batch_window();
  welcome.heartbeat_ms = static_cast<std::uint32_t>(options_.heartbeat.count());
  welcome.max_payload = options_.max_payload;
  send_(peer, packet(std::move(welcome)));
}

/// Forgets what has not been begun: a caller sends again what it still wants, and only that.
void Callee::forget_waiting(Caller& caller) {
  for (const Lane lane : {interactive, batch}) {
    for (const wire::CallId& id : std::exchange(caller.waiting[lane], {})) {
      records_.erase(id);
      --caller.open;
      --open_;
    }
    if (std::exchange(caller.is_queued[lane], false)) std::erase(queue_[lane], &caller);
  }
}

/// Forgets who has been away longest and has nothing being done.
void Callee::make_room() {
  auto oldest = callers_.end();
  for (auto caller = callers_.begin(); caller != callers_.end(); ++caller) {
    if (!caller->second->peer.empty() || caller->second->open > 0) continue;
    if (oldest == callers_.end() || caller->second->heard < oldest->second->heard) oldest = caller;
  }
  if (oldest == callers_.end()) return;
  std::erase_if(records_, [&](const auto& record) { return record.second.caller == oldest->second.get(); });
  std::erase(answered_, oldest->second.get());
  stats_.kept_replies -= oldest->second->kept;
  callers_.erase(oldest);
}

void Callee::take_calls(Caller& caller, wire::CallsT& calls, std::vector<Payload>& payloads) {
  for (std::size_t i = 0; i < calls.calls.size(); ++i)
    take_call(caller, *calls.calls[i], std::move(payloads[kPayloadsOfCall * i]),
              std::move(payloads[kPayloadsOfCall * i + 1]));
}

void Callee::take_call(Caller& caller, wire::CallT& call, Payload text, Payload answer) {
  const wire::CallId id = call.id;
  if (id.instance_high() != caller.instance.first || id.instance_low() != caller.instance.second) {
    ++stats_.violations;
    return complain(caller.peer, "a call has the id of another caller");
  }
  const Lane lane = call.is_batch ? batch : interactive;
  const std::size_t window = lane == batch ? options_.batch_window : options_.window;
  // A caller that keeps to its window never comes near twice the window.
  if (caller.unanswered[lane] >= 2 * window) {
    ++stats_.violations;
    log_once("process `" + caller.process + "` sent more calls than its window of " + std::to_string(window) +
             " allows; those beyond it are not done");
    return;
  }
  ++caller.unanswered[lane];
  const auto [found, is_new] = records_.try_emplace(id);
  Record& record = found->second;
  if (record.state == Record::State::done) make_ready(caller, id);
  if (is_new) {
    ++stats_.calls;
    record.caller = &caller;
    record.lane = lane;
    ++caller.open;
    ++open_;
  } else {
    ++stats_.duplicates;
    if (record.state == Record::State::done || !record.stop.stop_requested()) return;
    record.stop = {};
  }
  try {
    const std::size_t node = caller.nodes.ours(call.node);
    if (spec_.nodes[node].process != options_.process)
      throw MalformedPacket("node `" + spec_.nodes[node].name + "` does not live in process `" +
                            options_.process + "`");
    record.work = {id, std::move(call), std::move(text), std::move(answer), node, record.stop.get_token()};
  } catch (const MalformedPacket& error) {
    if (record.state == Record::State::being_done) return complain(caller.peer, error.what());
    return fail(id, refusal(error));
  }
  record.is_wanted_again = record.state == Record::State::being_done;
  if (is_new) enqueue(id, record);
}

void Callee::enqueue(const wire::CallId& id, Record& record) {
  Caller& caller = *record.caller;
  record.state = Record::State::waiting;
  caller.waiting[record.lane].push_back(id);
  if (!std::exchange(caller.is_queued[record.lane], true)) queue_[record.lane].push_back(&caller);
}

std::string Callee::refusal(const MalformedPacket& error) const {
  return "process `" + options_.process + "` refused it: " + error.what();
}

void Callee::fail(const wire::CallId& id, const std::string& reason) {
  CarriedReply reply;
  reply.header.ending = wire::Ending::failed;
  reply.header.reason = reason;
  reply.header.answer = std::make_unique<wire::AnswerT>();
  reply.payloads.emplace_back();
  finished(id, std::move(reply));
}

void Callee::finished(const wire::CallId& id, CarriedReply reply) {
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  Record& record = found->second;
  Caller& caller = *record.caller;
  if (std::exchange(record.is_wanted_again, false)) return enqueue(id, record);
  if (record.stop.stop_requested()) {  // what came of it is no reply: a caller that is back wants it done
    --caller.open;
    --open_;
    settle(caller, record.lane);
    records_.erase(found);
    return;
  }
  record.state = Record::State::done;
  record.reply = std::move(reply);
  record.reply.header.id = id;
  record.work = {};
  --caller.open;
  --open_;
  keep(caller, id);
  if (!caller.peer.empty()) make_ready(caller, id);
}

/// One call less without a reply, unless it was sent before the caller's last greeting.
void Callee::settle(Caller& caller, Lane lane) {
  if (caller.unanswered[lane] > 0) --caller.unanswered[lane];
}

/// Notes a reply that is kept; forgets the oldest where there are more than a caller has reason to leave
/// without a word, as one that was killed does. Should it send that call again, it is done again.
void Callee::keep(Caller& caller, const wire::CallId& id) {
  ++caller.kept;
  ++stats_.kept_replies;
  caller.done.push_back(id);
  const std::size_t window = std::size_t{options_.window} + options_.batch_window;
  const std::size_t most = 2 * window + calls_a_packet(window);
  for (; !caller.done.empty(); caller.done.pop_front()) {
    const auto oldest = records_.find(caller.done.front());
    const bool is_kept = oldest != records_.end() && oldest->second.state == Record::State::done;
    if (!is_kept) continue;  // acknowledged, and perhaps asked for again
    if (caller.kept <= most) break;
    records_.erase(oldest);
    --caller.kept;
    --stats_.kept_replies;
  }
}

void Callee::make_ready(Caller& caller, const wire::CallId& id) {
  if (caller.ready.empty()) answered_.push_back(&caller);
  caller.ready.push_back(id);
}

void Callee::forget(Caller& caller, const std::vector<wire::CallId>& ids) {
  for (const wire::CallId& id : ids) {
    const auto found = records_.find(id);
    if (found == records_.end() || found->second.caller != &caller) continue;
    if (found->second.state != Record::State::done) continue;
    --caller.kept;
    --stats_.kept_replies;
    records_.erase(found);
  }
}

void Callee::cancel(Caller& caller, const std::vector<wire::CallId>& ids) {
  for (const wire::CallId& id : ids) {
    const auto found = records_.find(id);
    if (found != records_.end() && found->second.caller == &caller) found->second.stop.request_stop();
  }
}

void Callee::disconnect(Caller& caller) {
  if (caller.peer.empty()) return;
  by_peer_.erase(caller.peer);
  caller.peer.clear();
  caller.ready.clear();
}

void Callee::turn_away(const RoutingId& peer) {
  refuse(peer, wire::Refusal::no_session, "greet first");
}

void Callee::expel(const RoutingId& peer, const std::string& why) {
  ++stats_.refused;
  refuse(peer, wire::Refusal::identity, why);
  lose(peer, false);
}

void Callee::lose(const RoutingId& peer, bool is_for_good) {
  Caller* caller = caller_of(peer);
  if (caller == nullptr) return;
  disconnect(*caller);
  if (!is_for_good) return;
  forget_waiting(*caller);
  for (auto& [id, record] : records_)
    if (record.caller == caller) record.stop.request_stop();
}

void Callee::open(bool is_open) {
  if (std::exchange(is_open_, is_open) == is_open || is_leaving_) return;
  for (const auto& [peer, caller] : by_peer_) {
    wire::WindowT changed;
    changed.window = window();
    changed.batch_window = batch_window();
    send_(peer, packet(changed));
  }
}

bool Callee::may_start(Caller& caller, Clock::time_point now) const {
  if (options_.rate <= 0) return true;
  const double seconds = std::chrono::duration<double>(now - caller.refilled).count();
  caller.tokens = std::min(caller.tokens + seconds * options_.rate, std::max(options_.rate, 1.0));
  caller.refilled = now;
  return caller.tokens >= 1;
}

bool Callee::start(Caller& caller, Lane lane) {
  const wire::CallId id = caller.waiting[lane].front();
  Record& record = records_.at(id);
  try {
    if (!doer_.try_do(record.work)) return false;
    record.state = Record::State::being_done;
  } catch (const MalformedPacket& error) {
    fail(id, refusal(error));
  }
  caller.waiting[lane].pop_front();
  caller.tokens -= 1;
  return true;
}

/// One call of each caller in turn, until there is no room: nobody starves.
void Callee::start_waiting(Lane lane, Clock::time_point now) {
  std::deque<Caller*>& queue = queue_[lane];
  std::deque<Caller*> held_back;
  while (!queue.empty()) {
    Caller* caller = queue.front();
    if (!may_start(*caller, now)) {
      held_back.push_back(caller);
      queue.pop_front();
      continue;
    }
    if (!start(*caller, lane)) break;
    queue.pop_front();
    caller->is_queued[lane] = !caller->waiting[lane].empty();
    if (caller->is_queued[lane]) queue.push_back(caller);
  }
  queue.insert(queue.end(), held_back.begin(), held_back.end());
}

void Callee::flush(Clock::time_point now) {
  for (const Lane lane : {interactive, batch}) start_waiting(lane, now);
  for (Caller* caller : std::exchange(answered_, {})) send_replies(*caller, now);
}

void Callee::send_replies(Caller& caller, Clock::time_point now) {
  const std::vector<wire::CallId> ready = std::exchange(caller.ready, {});
  wire::RepliesT replies;
  std::vector<Payload> payloads;
  std::size_t bytes = 0;
  const auto send = [&] {
    bytes = 0;
    if (!replies.replies.empty())
      send_(caller.peer, packet(std::exchange(replies, {}), std::exchange(payloads, {})));
  };
  for (const wire::CallId& id : ready) {
    const auto found = records_.find(id);
    if (found == records_.end()) continue;
    settle(caller, found->second.lane);
    const CarriedReply& reply = found->second.reply;
    replies.replies.push_back(std::make_unique<wire::ReplyT>(reply.header));
    payloads.insert(payloads.end(), reply.payloads.begin(), reply.payloads.end());
    for (const Payload& payload : reply.payloads) bytes += payload->size();
    if (replies.replies.size() == calls_a_packet(options_.window) || bytes >= kFullPacket) send();
  }
  send();
  caller.told = now;
}

Clock::time_point Callee::tick(Clock::time_point now) {
  std::vector<Caller*> silent;
  for (auto& [peer, caller] : by_peer_) {
    if (now - caller->heard > kMisses * options_.heartbeat) {
      silent.push_back(caller);
    } else if (now - caller->told >= options_.heartbeat) {
      caller->told = now;
      send_(peer, packet(wire::PingT{}));
    }
  }
  for (Caller* caller : silent) {
    log_("process `" + caller->process + "` has fallen silent; its calls are kept");
    disconnect(*caller);
  }
  constexpr std::chrono::milliseconds kRetry{5};  // calls wait for room that nobody may tell of
  const bool does_none_wait = queue_[interactive].empty() && queue_[batch].empty();
  return now + (does_none_wait ? options_.heartbeat / 2 : kRetry);
}

void Callee::leave(const std::string& why) {
  is_leaving_ = true;
  for (auto& [peer, caller] : by_peer_) {
    wire::GoodbyeT goodbye;
    goodbye.reason = why;
    send_(peer, packet(std::move(goodbye)));
  }
}

CalleeStats Callee::stats() const {
  CalleeStats stats = stats_;
  stats.callers = by_peer_.size();
  return stats;
}

}  // namespace slm::link
