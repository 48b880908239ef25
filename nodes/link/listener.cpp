#include "nodes/link/listener.h"

#include <stdexcept>
#include <utility>

#include "nodes/link/secure_socket.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

// All that is there, before what else there is to do gets its turn: libzmq 4.3.4 can abort the process where
// packets are left unread when their peer is killed.
constexpr int kPacketsAtOnce = 256;
/// Beyond what a window lets a peer be owed, so that only one that does not read has so many wait.
constexpr int kPacketsAPeer = 16'384;

}  // namespace

Listener::Listener(ListenerOptions options) : options_{std::move(options)} {
  socket_.set(zmq::sockopt::router_mandatory, true);
  socket_.set(zmq::sockopt::sndhwm, kPacketsAPeer);
  socket_.set(zmq::sockopt::rcvhwm, 1000);
  socket_.set(zmq::sockopt::backlog, 1024);
  ServerSecurity security = options_.listening.security;
  security.limits = socket_limits(options_.max_payload);
  secure_server(socket_, security);
  if (const auto& folder = options_.listening.authorized_clients)
    authenticator_.emplace(context_, AuthenticatorOptions{.report = options_.log})
        .admit(security.domain, *folder);
  try {
    link::bind(socket_, options_.listen);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error("process `" + options_.process + "` cannot listen at " + options_.listen.text() +
                             ": " + error.what());
  }
  address_ = socket_.get(zmq::sockopt::last_endpoint);
}

void Listener::serve(Host& host, const std::function<void()>& between) {
  for (int i = 0; i < kPacketsAtOnce && receive(host); ++i) between();
  for (const RoutingId& peer : std::exchange(unsent_, {})) host.lost(peer);
  expel_revoked(host);
  forget_lost(host);
}

bool Listener::receive(Host& host) {
  auto parts = Parts::receive(socket_);
  if (!parts) return false;
  const RoutingId peer = parts->text(0);
  try {
    Packet packet = decode(parts->payloads(1), limits_);
    if (packet.body.type == wire::Body::Hello) {
      if (!admit(peer, parts->client(), host)) return true;
    } else if (!is_whose_it_was(peer, parts->client())) {
      host.turn_away(peer);
      return true;
    }
    host.receive(peer, user_of(peer), std::move(packet), Clock::now());
  } catch (const MalformedPacket& error) {
    host.complain(peer, error.what());
  }
  return true;
}

/// Notes whose connection it is. False where its key has been taken away since it connected.
bool Listener::admit(const RoutingId& peer, std::optional<KnownClient> client, Host& host) {
  if (!authenticator_) return true;
  if (!client || !authenticator_->is_admitted(options_.listening.security.domain, *client)) {
    host.expel(peer, "its key is not authorized");
    return false;
  }
  clients_.insert_or_assign(peer, *std::move(client));
  return true;
}

/// A routing id is the connection's own choice: one that was somebody's must not speak for them with another
/// key.
bool Listener::is_whose_it_was(const RoutingId& peer, const std::optional<KnownClient>& client) const {
  const auto known = clients_.find(peer);
  return !authenticator_ || (client && known != clients_.end() && *client == known->second);
}

std::string Listener::user_of(const RoutingId& peer) const {
  const auto client = clients_.find(peer);
  return client == clients_.end() ? "" : client->second.name;
}

void Listener::expel_revoked(Host& host) {
  if (!authenticator_ ||
      std::exchange(generation_, authenticator_->generation()) == authenticator_->generation())
    return;
  std::erase_if(clients_, [&](const auto& entry) {
    const bool is_admitted = authenticator_->is_admitted(options_.listening.security.domain, entry.second);
    if (!is_admitted) host.expel(entry.first, "its key is no longer authorized");
    return !is_admitted;
  });
}

/// Connections come and go; who is not connected any more need not be remembered.
void Listener::forget_lost(const Host& host) {
  if (clients_.size() < 2 * host.connected() + 16) return;
  std::erase_if(clients_, [&](const auto& entry) { return !host.is_connected(entry.first); });
}

void Listener::send_to(const RoutingId& peer, Packet packet) {
  if (!send(socket_, &peer, encode(std::move(packet), options_.compress_above))) unsent_.push_back(peer);
}

}  // namespace slm::link
