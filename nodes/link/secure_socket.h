#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "graph/endpoint.h"
#include "nodes/link/curve_keys.h"

namespace slm::link {

/// What a socket takes from the other side, whoever that is.
struct SocketLimits {
  /// A longer frame ends the connection before memory is taken for it.
  std::int64_t max_frame_bytes = std::int64_t{64} << 20;
  /// A peer that has not finished its handshake by then is cut off.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// How long what is unsent is kept for when the socket closes. What must not be lost is in the spool.
  std::chrono::milliseconds linger{0};
};

struct ServerSecurity {
  std::optional<SecretKey> secret_key;  ///< empty: plain text
  /// With a key: how the context's `Authenticator` knows this server; not empty, at most 255 bytes.
  std::string domain;
  SocketLimits limits;
};

struct ClientSecurity {
  std::optional<SecretKey> secret_key;  ///< with `server_key`, or neither: plain text
  std::optional<PublicKey> server_key;
  SocketLimits limits;
};

/// Sets what makes a socket safe, before it binds or connects: libzmq looks at most options only then. With a
/// key, none but those get in whom an `Authenticator` of the socket's context admits to the domain, and where
/// there is none, nobody. Throws `std::invalid_argument` where the security is incomplete, `zmq::error_t`
/// where libzmq refuses.
void secure_server(zmq::socket_t& socket, const ServerSecurity& security);
void secure_client(zmq::socket_t& socket, const ClientSecurity& security);

/// Binds or connects, with IPv6 where the address needs it. Throws `zmq::error_t`.
void bind(zmq::socket_t& socket, const Endpoint& endpoint);
void connect(zmq::socket_t& socket, const Endpoint& endpoint);

}  // namespace slm::link
