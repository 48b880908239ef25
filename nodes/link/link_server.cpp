#include "nodes/link/link_server.h"

#include <pthread.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

#include "nodes/link/authenticator.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

constexpr int kPacketsAtOnce = 256;  // before what else there is to do gets its turn

struct Finished {
  wire::CallId id;
  CarriedReply reply;
};
struct Leave {};
using Mail = std::variant<Finished, Leave>;

/// Has calls done by a graph in this process.
class GraphDoer : public Doer {
 public:
  GraphDoer(Graph& graph, std::shared_ptr<const PipelineSpec> spec, std::shared_ptr<Mailbox<Mail>> mailbox)
      : graph_{graph}, spec_{std::move(spec)}, mailbox_{std::move(mailbox)} {}

  bool try_do(Work& work) override {
    Message message = message_of(work.call, work.text, work.answer);
    message.request.cancelled = work.cancelled;
    Engine::Callback callback = [mailbox = mailbox_, spec = spec_, id = work.id, caller = message.caller,
                                 arrived = Clock::now()](Outcome outcome) {
      mailbox->post(Finished{id, reply_of(*spec, std::move(outcome), *caller, arrived)});
    };
    return graph_.try_enter(message, work.node, callback);
  }

 private:
  Graph& graph_;
  std::shared_ptr<const PipelineSpec> spec_;
  std::shared_ptr<Mailbox<Mail>> mailbox_;
};

}  // namespace

class LinkServer::Impl {
 public:
  Impl(const Pipeline& pipeline, ServerOptions options, Graph& graph)
      : pipeline_{pipeline},
        options_{std::move(options)},
        doer_{graph, pipeline_.shared_spec(), mailbox_},
        callee_{pipeline_.spec(), options_.callee, doer_,
                [this](const RoutingId& peer, Packet packet) { send_to(peer, std::move(packet)); },
                options_.log} {
    bind();
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() { finish(); }

  void finish() {
    leave();
    if (thread_.joinable()) thread_.join();
  }

  void leave() { mailbox_->post(Leave{}); }
  const std::string& address() const { return address_; }
  CalleeStats stats() const {
    const std::lock_guard lock{stats_mutex_};
    return stats_;
  }

 private:
  void bind() {
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::sndhwm, 0);  // windows bound it
    socket_.set(zmq::sockopt::rcvhwm, 1000);
    socket_.set(zmq::sockopt::backlog, 1024);
    ServerSecurity security = options_.listening.security;
    security.limits = socket_limits(options_.callee.max_payload);
    secure_server(socket_, security);
    if (const auto& folder = options_.listening.authorized_clients)
      authenticator_.emplace(context_, AuthenticatorOptions{.report = options_.log})
          .admit(security.domain, *folder);
    const std::string text = options_.listen.text();
    try {
      link::bind(socket_, options_.listen);
    } catch (const zmq::error_t& error) {
      throw std::runtime_error("process `" + options_.callee.process + "` cannot listen at " + text + ": " +
                               error.what());
    }
    address_ = socket_.get(zmq::sockopt::last_endpoint);
  }

  void run() {
    pthread_setname_np(pthread_self(), "slm-link-server");
    auto next_tick = Clock::now();
    std::vector<zmq::pollitem_t> items{{socket_.handle(), 0, ZMQ_POLLIN, 0},
                                       {nullptr, mailbox_->descriptor(), ZMQ_POLLIN, 0}};
    while (!is_leaving_ || !callee_.is_idle()) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
      zmq::poll(items, std::max(wait, std::chrono::milliseconds{0}));
      take_mail();
      for (int i = 0; i < kPacketsAtOnce && receive(); ++i) {
      }
      const auto now = Clock::now();
      expel_revoked();
      forget_lost();
      callee_.flush(now);
      next_tick = callee_.tick(now);
      const std::lock_guard lock{stats_mutex_};
      stats_ = callee_.stats();
    }
  }

  void take_mail() {
    for (Mail& mail : mailbox_->take()) {
      if (auto* finished = std::get_if<Finished>(&mail)) {
        callee_.finished(finished->id, std::move(finished->reply));
      } else if (!std::exchange(is_leaving_, true)) {
        callee_.leave("process `" + options_.callee.process + "` ends");
      }
    }
  }

  bool receive() {
    auto parts = Parts::receive(socket_);
    if (!parts) return false;
    const RoutingId peer = parts->text(0);
    try {
      Packet packet = decode(parts->views(1), limits_);
      if (packet.body.type == wire::Body::Hello) {
        if (!admit(peer, parts->client())) return true;
      } else if (!is_whose_it_was(peer, parts->client())) {
        callee_.turn_away(peer);
        return true;
      }
      callee_.receive(peer, user_of(peer), std::move(packet), Clock::now());
    } catch (const MalformedPacket& error) {
      callee_.complain(peer, error.what());
    }
    return true;
  }

  /// Notes whose connection it is. False where its key has been taken away since it connected.
  bool admit(const RoutingId& id, std::optional<KnownClient> client) {
    if (!authenticator_) return true;
    if (!client || !authenticator_->is_admitted(options_.listening.security.domain, *client)) {
      callee_.expel(id, "its key is not authorized");
      return false;
    }
    clients_.insert_or_assign(id, *std::move(client));
    return true;
  }

  /// A routing id is the connection's own choice: one that was somebody's must not speak for them with
  /// another key.
  bool is_whose_it_was(const RoutingId& id, const std::optional<KnownClient>& client) const {
    const auto known = clients_.find(id);
    return !authenticator_ || (client && known != clients_.end() && *client == known->second);
  }

  std::string user_of(const RoutingId& id) const {
    const auto client = clients_.find(id);
    return client == clients_.end() ? "" : client->second.name;
  }

  /// Ends the sessions of keys that have been taken away.
  void expel_revoked() {
    if (!authenticator_ ||
        std::exchange(generation_, authenticator_->generation()) == authenticator_->generation())
      return;
    std::erase_if(clients_, [this](const auto& entry) {
      const bool is_admitted = authenticator_->is_admitted(options_.listening.security.domain, entry.second);
      if (!is_admitted) callee_.expel(entry.first, "its key is no longer authorized");
      return !is_admitted;
    });
  }

  /// Connections come and go; who is not connected any more need not be remembered.
  void forget_lost() {
    if (clients_.size() < 2 * callee_.stats().callers + 16) return;
    std::erase_if(clients_, [this](const auto& entry) { return !callee_.is_connected(entry.first); });
  }

  void send_to(const RoutingId& peer, Packet packet) {
    // Who is gone is noticed by its silence; until then and after, its replies are kept.
    send(socket_, &peer, encode(std::move(packet), options_.compress_above));
  }

  const Pipeline pipeline_;
  const ServerOptions options_;
  const WireLimits limits_{.max_payload = options_.callee.max_payload};
  const std::shared_ptr<Mailbox<Mail>> mailbox_ = std::make_shared<Mailbox<Mail>>();
  zmq::context_t context_;
  std::optional<Authenticator> authenticator_;
  std::uint64_t generation_ = 0;
  std::map<RoutingId, KnownClient> clients_;  ///< whose keys they came with
  zmq::socket_t socket_{context_, zmq::socket_type::router};
  GraphDoer doer_;
  Callee callee_;
  std::string address_;
  bool is_leaving_ = false;
  mutable std::mutex stats_mutex_;
  CalleeStats stats_;
  std::thread thread_;
};

LinkServer::LinkServer(const Pipeline& pipeline, ServerOptions options, Graph& graph)
    : impl_{std::make_unique<Impl>(pipeline, std::move(options), graph)} {}

LinkServer::~LinkServer() = default;

const std::string& LinkServer::address() const {
  return impl_->address();
}

void LinkServer::leave() {
  impl_->leave();
}

void LinkServer::finish() {
  impl_->finish();
}

CalleeStats LinkServer::stats() const {
  return impl_->stats();
}

}  // namespace slm::link
