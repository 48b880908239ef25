#include "nodes/link/link_client.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <utility>
#include <variant>

#include "nodes/link/caller.h"
#include "nodes/link/connection_monitor.h"
#include "nodes/link/custody.h"
#include "nodes/link/secure_socket.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

constexpr int kPacketsAtOnce = 256;  // before what else there is to do gets its turn

struct Leave {};
using Mail = std::variant<OutgoingCall, Leave>;

/// Waits between attempts: random between the least and thrice the last one, so that a thousand callers that
/// lost the same callee do not come back together (Brooker, "Exponential Backoff and Jitter", 2015).
class Backoff {
 public:
  Backoff(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_{least}, most_{most}, last_{least} {}

  std::chrono::milliseconds next() {
    std::uniform_int_distribution<std::int64_t> between{least_.count(),
                                                        std::max(least_.count(), 3 * last_.count())};
    last_ = std::min(std::chrono::milliseconds{between(random_)}, most_);
    return last_;
  }
  void reset() { last_ = least_; }

 private:
  const std::chrono::milliseconds least_;
  const std::chrono::milliseconds most_;
  std::chrono::milliseconds last_;
  std::minstd_rand random_{std::random_device{}()};
};

/// For people, of what is their business.
const char* explained(ConnectionEvent event) {
  switch (event) {
    case ConnectionEvent::refused:
      return "it does not let our key in";
    case ConnectionEvent::incompatible:
      return "one of us uses keys and the other does not, or it is no process of a pipeline";
    case ConnectionEvent::broken_off:
      return "it breaks off, as one does whose key is not the one in our `public_key` file";
    default:
      return nullptr;
  }
}

/// A connection that was begun, and what becomes of it.
class Connection {
 public:
  Connection(zmq::context_t& context, const ClientOptions& options, ClientSecurity security)
      : socket_{context, zmq::socket_type::dealer}, monitor_{context, socket_} {
    security.limits = socket_limits(options.max_payload);
    secure_client(socket_, security);
    socket_.set(zmq::sockopt::immediate, true);
    socket_.set(zmq::sockopt::sndhwm, 0);  // the window bounds it
    socket_.set(zmq::sockopt::rcvhwm, 1000);
    socket_.set(zmq::sockopt::reconnect_ivl, -1);  // we connect anew, and greet
    link::connect(socket_, options.connect);
  }

  zmq::socket_t& socket() { return socket_; }
  ConnectionMonitor& monitor() { return monitor_; }

 private:
  zmq::socket_t socket_;
  ConnectionMonitor monitor_;
};

}  // namespace

class LinkClient::Impl {
 public:
  Impl(const Pipeline& pipeline, ClientOptions options)
      : options_{std::move(options)},
        connecting_{options_.connecting},
        backoff_{options_.first_retry, options_.last_retry},
        caller_{pipeline, options_, [this](Packet packet) {
                  if (connection_)
                    send(connection_->socket(), nullptr, encode(std::move(packet), options_.compress_above));
                }} {
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() {
    mailbox_->post(Leave{});
    thread_.join();
  }

  void call(OutgoingCall call) {
    if (!options_.custody || !call.is_durable) {
      call.key = {0, ++sequence_};  // no spool has an epoch of 0
      return mailbox_->post(std::move(call));
    }
    if (const auto key = options_.custody->key_of(call)) {
      call.key = *key;
      return mailbox_->post(std::move(call));
    }
    options_.custody->keep(
        std::move(call), [mailbox = mailbox_](OutgoingCall kept, const std::optional<std::string>& problem) {
          if (!problem) return mailbox->post(std::move(kept));
          kept.done(CallFailed{"it cannot be spooled: " + *problem}, std::move(kept.receipts));
        });
  }

  ClientStats stats() const {
    const std::lock_guard lock{stats_mutex_};
    return stats_;
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "slm-link-client");
    while (!is_leaving_) {
      const auto now = Clock::now();
      if (!connection_ && now >= retry_) dial(now);
      wait(std::min(caller_.next(now), connection_ ? Clock::time_point::max() : retry_));
      take_mail();
      if (connection_) take_packets();
      if (!caller_.tick(Clock::now())) hang_up();
      caller_.flush(Clock::now());
      const std::lock_guard lock{stats_mutex_};
      stats_ = caller_.stats();
    }
    caller_.leave();
    const std::lock_guard lock{stats_mutex_};
    stats_ = caller_.stats();
  }

  void dial(Clock::time_point now) {
    connection_.emplace(context_, options_, connecting_.security());
    give_up_ = now + options_.out_of_reach;
  }

  void hang_up() {
    // The server may have another of its keys by now.
    if (!caller_.is_welcome() && connecting_.server_keys) connecting_.server_keys->advance();
    caller_.disconnected(Clock::now());
    connection_.reset();
    retry_ = Clock::now() + backoff_.next();
  }

  void wait(Clock::time_point until) {
    std::array<zmq::pollitem_t, 3> items{
        zmq::pollitem_t{nullptr, mailbox_->descriptor(), ZMQ_POLLIN, 0}, {}, {}};
    std::size_t count = 1;
    if (connection_) {
      items[count++] = {connection_->socket().handle(), 0, ZMQ_POLLIN, 0};
      items[count++] = {connection_->monitor().events().handle(), 0, ZMQ_POLLIN, 0};
    }
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    zmq::poll(items.data(), count,
              std::clamp(time, std::chrono::milliseconds{0}, std::chrono::milliseconds{1000}));
  }

  void take_mail() {
    for (Mail& mail : mailbox_->take()) {
      if (auto* call = std::get_if<OutgoingCall>(&mail))
        caller_.add(std::move(*call));
      else
        is_leaving_ = true;
    }
  }

  void take_packets() {
    bool is_good = true;
    // Before the connection's end, so that a reason for it that came before is heard.
    for (int i = 0; is_good && i < kPacketsAtOnce; ++i) {
      const auto parts = Parts::receive(connection_->socket());
      if (!parts) break;
      is_good = take_packet(*parts);
    }
    while (const auto event = connection_->monitor().next()) {
      if (*event == ConnectionEvent::ready)
        caller_.connected(Clock::now());
      else
        is_good = false;
      if (const char* why = explained(*event)) caller_.explain(why);
    }
    if (!caller_.is_welcome() && Clock::now() > give_up_) is_good = false;
    if (!is_good) return hang_up();
    if (caller_.is_welcome()) backoff_.reset();
  }

  bool take_packet(const Parts& parts) {
    try {
      return caller_.receive(decode(parts.views(0), limits_), Clock::now());
    } catch (const MalformedPacket& error) {
      caller_.complain(error.what());
      return false;
    }
  }

  const ClientOptions options_;
  Connecting connecting_;
  const WireLimits limits_{.max_payload = options_.max_payload};
  std::atomic<std::uint64_t> sequence_{0};
  const std::shared_ptr<Mailbox<Mail>> mailbox_ = std::make_shared<Mailbox<Mail>>();
  zmq::context_t context_;
  std::optional<Connection> connection_;
  Backoff backoff_;
  Clock::time_point retry_{};    ///< when to dial again
  Clock::time_point give_up_{};  ///< dialling
  Caller caller_;
  bool is_leaving_ = false;
  mutable std::mutex stats_mutex_;
  ClientStats stats_;
  std::thread thread_;
};

LinkClient::LinkClient(const Pipeline& pipeline, ClientOptions options)
    : impl_{std::make_unique<Impl>(pipeline, std::move(options))} {}

LinkClient::~LinkClient() = default;

void LinkClient::call(OutgoingCall call) {
  impl_->call(std::move(call));
}

ClientStats LinkClient::stats() const {
  return impl_->stats();
}

}  // namespace slm::link
