#include "nodes/link/secure_socket.h"

#include <stdexcept>

namespace slm::link {
namespace {

// libzmq 4.3 has had this option in every build, and its header names it only as a draft.
constexpr int kZapEnforceDomain = 93;

void set_limits(zmq::socket_t& socket, const SocketLimits& limits) {
  socket.set(zmq::sockopt::maxmsgsize, limits.max_frame_bytes);
  socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(limits.handshake_timeout.count()));
  socket.set(zmq::sockopt::linger, static_cast<int>(limits.linger.count()));
}

/// Without it, libzmq lets everyone in where no authenticator answers.
void enforce_domain(zmq::socket_t& socket) {
  const int is_enforced = 1;
  if (zmq_setsockopt(socket.handle(), kZapEnforceDomain, &is_enforced, sizeof is_enforced) != 0)
    throw zmq::error_t{};
}

}  // namespace

void secure_server(zmq::socket_t& socket, const ServerSecurity& security) {
  set_limits(socket, security.limits);
  if (!security.secret_key) return;
  if (security.domain.empty()) throw std::invalid_argument{"a server with a key needs a domain"};
  socket.set(zmq::sockopt::zap_domain, security.domain);
  enforce_domain(socket);
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, security.secret_key->secret_text());
}

void secure_client(zmq::socket_t& socket, const ClientSecurity& security) {
  set_limits(socket, security.limits);
  if (security.secret_key.has_value() != security.server_key.has_value())
    throw std::invalid_argument{"a client needs both keys, its own and the server's, or none"};
  if (!security.secret_key) return;
  socket.set(zmq::sockopt::curve_serverkey, security.server_key->text());
  socket.set(zmq::sockopt::curve_publickey, security.secret_key->public_key().text());
  socket.set(zmq::sockopt::curve_secretkey, security.secret_key->secret_text());
}

void bind(zmq::socket_t& socket, const Endpoint& endpoint) {
  socket.set(zmq::sockopt::ipv6, endpoint.is_ipv6());
  socket.bind(endpoint.text());
}

void connect(zmq::socket_t& socket, const Endpoint& endpoint) {
  socket.set(zmq::sockopt::ipv6, endpoint.is_ipv6());
  socket.connect(endpoint.text());
}

}  // namespace slm::link
