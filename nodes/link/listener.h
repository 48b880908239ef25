#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "graph/endpoint.h"
#include "graph/message.h"
#include "nodes/link/authenticator.h"
#include "nodes/link/process_security.h"
#include "nodes/link/wire.h"

namespace slm::link {

/// A connection, as the ROUTER socket names it.
using RoutingId = std::string;

/// Who speaks with those that connect to a `Listener`.
class Host {
 public:
  virtual ~Host() = default;
  /// A packet of a peer; `user` is the name that its key has, empty where keys are not used.
  virtual void receive(const RoutingId& peer, const std::string& user, Packet packet,
                       Clock::time_point now) = 0;
  /// The same for one that is malformed.
  virtual void complain(const RoutingId& peer, const std::string& why) = 0;
  /// Tells a connection to greet first.
  virtual void turn_away(const RoutingId& peer) = 0;
  /// Ends the session of a connection, and tells it why.
  virtual void expel(const RoutingId& peer, const std::string& why) = 0;
  /// Its connection is gone, or full since it does not read.
  virtual void lost(const RoutingId& peer) = 0;
  virtual bool is_connected(const RoutingId& peer) const = 0;
  virtual std::size_t connected() const = 0;
};

struct ListenerOptions {
  std::string process;
  Endpoint listen;  ///< where its port is `*`, `address` tells which it became
  Listening listening;
  std::size_t max_payload = std::size_t{16} << 20;
  std::size_t compress_above = SIZE_MAX;  ///< bytes
  std::function<void(std::string)> log = [](const std::string&) {};
};

/// A socket that others connect to, which knows who they are and lets none speak for another. For one thread.
class Listener {
 public:
  /// Binds; throws std::runtime_error saying why not.
  explicit Listener(ListenerOptions options);

  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }
  /// Where it listens, with the port that it was given.
  const std::string& address() const { return address_; }

  /// Hands over what has come, and has `between` called after each packet; tells of connections that are
  /// gone, and ends sessions whose keys have been taken away.
  void serve(
      Host& host, const std::function<void()>& between = [] {});
  void send_to(const RoutingId& peer, Packet packet);

 private:
  bool receive(Host& host);
  bool admit(const RoutingId& peer, std::optional<KnownClient> client, Host& host);
  bool is_whose_it_was(const RoutingId& peer, const std::optional<KnownClient>& client) const;
  std::string user_of(const RoutingId& peer) const;
  void expel_revoked(Host& host);
  void forget_lost(const Host& host);

  const ListenerOptions options_;
  const WireLimits limits_{.max_payload = options_.max_payload};
  zmq::context_t context_;  ///< its own, since one context has one authenticator
  std::optional<Authenticator> authenticator_;
  std::uint64_t generation_ = 0;
  std::vector<RoutingId> unsent_;             ///< whom something could not be sent to
  std::map<RoutingId, KnownClient> clients_;  ///< whose keys they came with
  zmq::socket_t socket_{context_, zmq::socket_type::router};
  std::string address_;
};

}  // namespace slm::link
