#include "nodes/link/caller.h"

#include <algorithm>
#include <utility>

#include "nodes/link/custody.h"
#include "nodes/link/greeting.h"

namespace slm::link {
namespace {

constexpr int kMisses = 3;
/// How long acknowledgements wait for others: the callee only keeps replies a little longer.
constexpr std::chrono::milliseconds kAckDelay{5};
/// How often cancels, which do not ring, are looked for.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

Caller::Caller(const Pipeline& pipeline, ClientOptions options, Send send)
    : pipeline_{pipeline},
      options_{std::move(options)},
      send_{std::move(send)},
      breaker_{options_.breaker},
      max_payload_{options_.max_payload},
      heartbeat_{options_.heartbeat},
      heard_{Clock::now()},
      told_{heard_},
      lost_{heard_} {}

Instance Instance::draw() {
  std::random_device random;
  const auto draw = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return {draw(), draw()};
}

wire::CallId Caller::id_of(const CallKey& key) const {
  return {options_.instance.high, options_.instance.low, key.epoch, key.sequence};
}

std::string Caller::address() const {
  return "process `" + options_.callee + "` at " + options_.connect.text();
}

void Caller::transmit(Packet packet, Clock::time_point now) {
  told_ = now;
  send_(std::move(packet));
}

void Caller::add(OutgoingCall call) {
  ++stats_.calls;
  const CallKey key = call.key;
  auto deadline = deadlines_.end();
  if (call.deadline != Clock::time_point::max()) deadline = deadlines_.emplace(call.deadline, key);
  const auto& added = *calls_.emplace(key, Pending{std::move(call), deadline}).first;
  ++open_[index_of(added.second)];
  unsent_like(added.second).insert(turn_of(added));
}

void Caller::connected(Clock::time_point now) {
  is_connected_ = true;
  heard_ = now;
  wire::HelloT hello = hello_of(pipeline_.spec(), options_.pipeline_hash);
  hello.process = options_.process;
  hello.to = options_.callee;
  hello.instance_high = options_.instance.high;
  hello.instance_low = options_.instance.low;
  transmit(packet(std::move(hello)), now);
}

void Caller::disconnected(Clock::time_point now) {
  if (is_welcome_) {
    take_windows({}, now);
    options_.log("lost " + address() + "; trying again");
  }
  is_connected_ = is_welcome_ = false;
  probe_.reset();
  in_flight_ = {};
  acks_due_ = Clock::time_point::max();
  acks_.clear();  // the callee keeps those replies until they are sent once more and acknowledged again
  cancels_.clear();
  for (auto& call : calls_) {
    call.second.is_sent = false;
    unsent_like(call.second).insert(turn_of(call));
  }
}

bool Caller::receive(Packet packet, Clock::time_point now) {
  heard_ = now;
  switch (packet.body.type) {
    case wire::Body::Welcome:
      return welcome(*packet.body.AsWelcome(), now);
    case wire::Body::Refused: {
      const wire::RefusedT& refused = *packet.body.AsRefused();
      if (refused.refusal != wire::Refusal::no_session) explain(refused.reason);
      return false;
    }
    case wire::Body::Replies:
      if (!is_welcome_) throw MalformedPacket("it replies before it welcomes");
      take_replies(*packet.body.AsReplies(), packet.payloads, now);
      return true;
    case wire::Body::Window:
      take_windows({packet.body.AsWindow()->window, packet.body.AsWindow()->batch_window}, now);
      return true;
    case wire::Body::Ping:
      transmit(link::packet(wire::PongT{}), now);
      return true;
    case wire::Body::Pong:
      return true;
    case wire::Body::Goodbye:
      has_left_ = true;
      take_windows({}, now);  // what it has it finishes; what it has not goes to who comes next
      return true;
    default:
      throw MalformedPacket("it is of a kind that no callee sends");
  }
}

/// A callee that knows no priorities has one window, and takes twice as many.
void Caller::take_windows(const Sizes& windows, Clock::time_point now) {
  if (window_.front() > 0) lost_ = now;
  window_ = windows;
  if (window_.back() == 0) window_.back() = window_.front();
}

void Caller::explain(const std::string& why) {
  if (why != refusal_) options_.log(address() + " refuses: " + why);
  refusal_ = why;
}

void Caller::complain(const std::string& why) {
  if (stats_.malformed++ == 0) options_.log("refused a packet of " + address() + ": " + why);
}

bool Caller::welcome(const wire::WelcomeT& welcome, Clock::time_point now) {
  if (welcome.protocol != kProtocol || welcome.process != options_.callee)
    throw MalformedPacket("it welcomes to process `" + welcome.process + "`");
  const std::pair callee{welcome.instance_high, welcome.instance_low};
  if (callee != callee_) {
    breaker_.succeeded();  // another one may do better
    if (!has_left_) count_deaths();
    for (auto& [key, pending] : calls_) pending.was_sent = false;
  }
  callee_ = callee;
  has_left_ = false;
  is_welcome_ = true;
  refusal_.clear();
  take_windows({welcome.window, welcome.batch_window}, now);
  max_payload_ = std::min<std::size_t>(options_.max_payload, welcome.max_payload);
  heartbeat_ = std::chrono::milliseconds{std::clamp<std::uint32_t>(welcome.heartbeat_ms, 10, 3'600'000)};
  nodes_ = std::make_shared<const NodeTable>(pipeline_.spec(), welcome.nodes);
  if (++stats_.connections > 1) options_.log("reached " + address() + " again");
  told_ = now;
  return true;
}

/// Whom the last callee may have died of. One that goes on dying of a call must not take others with it, so
/// these are sent one at a time from now on, before all others.
void Caller::count_deaths() {
  for (auto call = calls_.begin(); call != calls_.end();) {
    const auto here = call++;
    Pending& pending = here->second;
    if (!pending.was_sent) continue;
    unsent_like(pending).erase(turn_of(*here));
    if (++pending.attempts == 1) ++suspects_;
    unsent_like(pending).insert(turn_of(*here));
    if (options_.custody) options_.custody->attempted(here->first);
    if (pending.attempts >= options_.max_attempts)
      end(here, CallFailed{"process `" + options_.callee + "` died " + std::to_string(pending.attempts) +
                           " times while it had this message"});
  }
}

void Caller::take_replies(wire::RepliesT& replies, std::vector<Payload>& payloads, Clock::time_point now) {
  std::size_t next = 0;
  for (auto& header : replies.replies) {
    CarriedReply reply;
    const auto first = payloads.begin() + static_cast<std::ptrdiff_t>(next);
    reply.payloads.assign(first, first + static_cast<std::ptrdiff_t>(payloads_of(*header)));
    next += payloads_of(*header);
    const wire::CallId id = header->id;
    if (acks_.empty()) acks_due_ = now + kAckDelay;
    acks_.push_back(id);
    const bool is_ours = Instance{id.instance_high(), id.instance_low()} == options_.instance;
    const auto call = is_ours ? calls_.find({id.epoch(), id.sequence()}) : calls_.end();
    if (call == calls_.end()) {
      ++stats_.duplicates;
      continue;
    }
    reply.header = std::move(*header);
    if (reply.header.ending != wire::Ending::failed)
      succeeded();
    else if (!call->second.is_again)
      failed(call->first, "failed", now);
    end(call, Returned{std::move(reply), nodes_});
  }
}

void Caller::succeeded() {
  if (breaker_.succeeded()) options_.log(address() + " answers again");
  probe_.reset();
}

void Caller::failed(const CallKey& key, const std::string& how, Clock::time_point now) {
  if (key == probe_) {
    breaker_.try_failed(now);
    probe_.reset();
  } else if (breaker_.failed(now)) {
    ++stats_.trips;
    options_.log(address() + " has " + how + " " + std::to_string(options_.breaker.failures) +
                 " messages in a row; it gets none for " + std::to_string(breaker_.pause().count()) + " ms");
  }
}

void Caller::end(Calls::iterator call, CallResult result) {
  auto& pending = call->second;
  if (pending.is_sent) --in_flight_[index_of(pending)];
  --open_[index_of(pending)];
  if (probe_ == call->first) probe_.reset();
  if (is_suspect(pending)) --suspects_;
  if (pending.deadline != deadlines_.end()) deadlines_.erase(pending.deadline);
  unsent_like(pending).erase(turn_of(*call));
  const auto done = std::move(pending.call.done);
  auto receipts = std::move(pending.call.receipts);
  calls_.erase(call);
  done(std::move(result), std::move(receipts));
}

/// How many more calls may be sent now.
std::size_t Caller::room(Priority priority, Clock::time_point now) const {
  const Breaker::State state = breaker_.state(now);
  const std::size_t window = window_[index_of(priority)];
  if (state == Breaker::State::open || window == 0) return 0;
  if (state == Breaker::State::half_open) return probe_ ? 0 : 1;
  if (suspects_ > 0) return in_flight_ == Sizes{} ? 1 : 0;
  return window - std::min(window, in_flight_[index_of(priority)]);
}

std::size_t Caller::calls_a_packet(Priority priority) const {
  const std::size_t window = window_[index_of(priority)];
  return priority == Priority::batch ? batch_calls_a_packet(window) : link::calls_a_packet(window);
}

void Caller::send_calls(Clock::time_point now) {
  for (const Priority priority : {Priority::interactive, Priority::batch}) send_calls(priority, now);
}

void Caller::send_calls(Priority priority, Clock::time_point now) {
  std::set<Turn>& unsent = unsent_[index_of(priority)];
  wire::CallsT calls;
  std::vector<Payload> payloads;
  std::size_t bytes = 0;
  const auto send = [&] {
    bytes = 0;
    if (!calls.calls.empty())
      transmit(packet(std::exchange(calls, {}), std::exchange(payloads, {})), Clock::now());
  };
  const auto first = suspects_ > 0 ? unsent.lower_bound({1, {}}) : unsent.begin();
  for (auto next = first; next != unsent.end() && room(priority, now) > 0;) {
    const auto call = calls_.find(next->second);
    Pending& pending = call->second;
    CarriedCall& carried = pending.call.call;
    if (std::max(carried.text->size(), carried.answer->size()) > max_payload_) {
      ++next;
      end(call, CallFailed{"its text has " + std::to_string(carried.text->size()) + " bytes, and process `" +
                           options_.callee + "` takes " + std::to_string(max_payload_)});
      continue;
    }
    if (pending.was_sent || pending.attempts > 0) ++stats_.resent;
    auto header = std::make_unique<wire::CallT>(carried.header);
    header->hops.clear();
    header->remembered.clear();
    header->id = id_of(call->first);
    header->attempt = static_cast<std::uint8_t>(pending.attempts);
    if (pending.call.deadline != Clock::time_point::max()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(pending.call.deadline - Clock::now());
      header->remaining_us = static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 1));
    }
    calls.calls.push_back(std::move(header));
    payloads.push_back(carried.text);
    payloads.push_back(carried.answer);
    bytes += carried.text->size() + carried.answer->size();
    pending.is_again = pending.was_sent;
    pending.is_sent = pending.was_sent = true;
    if (breaker_.state(now) == Breaker::State::half_open) probe_ = call->first;
    ++in_flight_[index_of(priority)];
    next = unsent.erase(next);
    if (calls.calls.size() >= calls_a_packet(priority) || bytes >= kFullPacket) send();
  }
  send();
}

void Caller::send_full_packets(Clock::time_point now) {
  if (!is_welcome_) return;
  for (const Priority priority : {Priority::interactive, Priority::batch})
    if (unsent_[index_of(priority)].size() >= calls_a_packet(priority)) send_calls(priority, now);
}

void Caller::send_acks(Clock::time_point now) {
  acks_due_ = Clock::time_point::max();
  if (acks_.empty()) return;
  wire::AcksT acks;
  acks.ids = std::exchange(acks_, {});
  transmit(packet(std::move(acks)), now);
}

void Caller::flush(Clock::time_point now) {
  if (!is_welcome_) return;
  send_calls(now);  // first: somebody waits for them
  if (acks_.size() >= calls_a_packet(Priority::interactive) || now >= acks_due_) send_acks(now);
  if (!cancels_.empty()) {
    wire::CancelsT cancels;
    cancels.ids = std::exchange(cancels_, {});
    transmit(packet(std::move(cancels)), now);
  }
}

void Caller::end_late(Clock::time_point now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto call = calls_.find(deadlines_.begin()->second);
    if (call->second.is_sent) {
      cancels_.push_back(id_of(call->first));
      failed(call->first, "not answered", now);
    }
    end(call, GivenUp{"late at process `" + options_.callee + "`"});
  }
}

void Caller::end_unwanted() {
  for (auto call = calls_.begin(); call != calls_.end();) {
    const auto here = call++;
    if (!here->second.call.cancelled.stop_requested()) continue;
    if (here->second.is_sent) cancels_.push_back(id_of(here->first));
    end(here, GivenUp{"cancelled"});
  }
}

/// Whether a call waits for a callee that takes none now; the first time, it is told so.
bool Caller::goes_on_waiting(Pending& pending) {
  if (!pending.call.waits) return false;
  if (const auto on_wait = std::exchange(pending.call.on_wait, nullptr)) on_wait();
  return true;
}

void Caller::end_unreachable(Clock::time_point now) {
  end_held_back(now);
  if (window() > 0 || now - lost_ < options_.out_of_reach) return;
  std::string why = address() + " is out of reach";
  if (!refusal_.empty()) why += ": " + refusal_;
  if (is_welcome_ && !has_left_) why = address() + " has no workers";
  for (auto call = calls_.begin(); call != calls_.end();) {
    const auto here = call++;
    const bool is_there = here->second.is_sent && has_left_;
    if (goes_on_waiting(here->second) || is_there) continue;
    if (here->second.is_sent) cancels_.push_back(id_of(here->first));
    end(here, OutOfReach{why});
  }
}

/// Those that an open breaker keeps from the callee, but for one to try it with.
void Caller::end_held_back(Clock::time_point now) {
  const Breaker::State state = breaker_.state(now);
  if (state == Breaker::State::closed) return;
  bool is_probe_wanted = state == Breaker::State::half_open && !probe_;
  for (auto call = calls_.begin(); call != calls_.end();) {
    const auto here = call++;
    if (here->second.is_sent || std::exchange(is_probe_wanted, false) || goes_on_waiting(here->second))
      continue;
    end(here, OutOfReach{address() + " is not asked, since it failed " +
                         std::to_string(options_.breaker.failures) + " messages in a row"});
  }
}

bool Caller::tick(Clock::time_point now) {
  end_late(now);
  if (now - looked_ >= kLook) {
    looked_ = now;
    end_unwanted();
    end_unreachable(now);
  }
  if (!is_connected_) return true;
  if (now - heard_ > kMisses * heartbeat_) return false;
  if (is_welcome_ && now - told_ >= heartbeat_) transmit(packet(wire::PingT{}), now);
  return true;
}

Clock::time_point Caller::next(Clock::time_point now) const {
  auto next = now + heartbeat_ / 2;
  next = std::min(next, acks_due_);
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (!calls_.empty()) next = std::min(next, looked_ + kLook);
  return next;
}

void Caller::leave() {
  if (is_welcome_) {
    flush(Clock::now());
    send_acks(Clock::now());
    wire::GoodbyeT goodbye;
    goodbye.reason = "process `" + options_.process + "` ends";
    transmit(packet(std::move(goodbye)), Clock::now());
  }
  while (!calls_.empty()) end(calls_.begin(), OutOfReach{"process `" + options_.process + "` ends"});
}

ClientStats Caller::stats() const {
  ClientStats stats = stats_;
  stats.open = calls_.size();
  stats.is_connected = is_welcome_;
  return stats;
}

}  // namespace slm::link
