#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "graph/endpoint.h"
#include "graph/message.h"
#include "models/backoff.h"
#include "nodes/link/connection_monitor.h"
#include "nodes/link/process_security.h"
#include "nodes/link/wire.h"

namespace slm::link {

/// What is said over a connection that a `Dialler` makes, without sockets.
class Session {
 public:
  virtual ~Session() = default;
  /// Begins, with a greeting.
  virtual void connected(Clock::time_point now) = 0;
  virtual void disconnected(Clock::time_point now) = 0;
  /// Throws `MalformedPacket`. After a false the connection is of no use.
  virtual bool receive(Packet packet, Clock::time_point now) = 0;
  /// Why there is no session; logged once.
  virtual void explain(const std::string& why) = 0;
  /// Notes a packet that is malformed.
  virtual void complain(const std::string& why) = 0;
  /// Sends what may be sent.
  virtual void flush(Clock::time_point now) = 0;
  /// Deadlines and heartbeats. False where the other side has fallen silent.
  virtual bool tick(Clock::time_point now) = 0;
  /// When `tick` is next needed.
  virtual Clock::time_point next(Clock::time_point now) const = 0;
  /// Whether the other side has accepted the greeting.
  virtual bool is_welcome() const = 0;
};

struct DiallerOptions {
  Endpoint connect;
  Connecting connecting;
  std::chrono::milliseconds first_retry{20};  ///< after a lost connection; then up to `last_retry`
  std::chrono::milliseconds last_retry{5000};
  std::chrono::milliseconds patience{3000};  ///< for a connection to be made and a greeting to be answered
  std::size_t compress_above = SIZE_MAX;     ///< bytes
  std::size_t max_payload = std::size_t{16} << 20;
};

/// A connection to somebody who listens, made anew whenever it is lost. For one thread.
class Dialler {
 public:
  Dialler(DiallerOptions options, Session& session);

  /// Waits until there is something to do, or `bell` can be read.
  void wait(int bell);
  /// Dials, receives, and sends; has `between` called after each packet.
  void work(const std::function<void()>& between = [] {});
  void send(Packet packet);

 private:
  /// A connection that was begun, and what becomes of it.
  struct Connection {
    Connection(zmq::context_t& context, const DiallerOptions& options);
    zmq::socket_t socket;
    ConnectionMonitor monitor;
  };

  void take_packets(const std::function<void()>& between);
  void hang_up();

  DiallerOptions options_;
  Session& session_;
  const WireLimits limits_{.max_payload = options_.max_payload};
  zmq::context_t context_;
  std::optional<Connection> connection_;
  Backoff backoff_;
  Clock::time_point retry_{};    ///< when to dial again
  Clock::time_point give_up_{};  ///< dialling
};

}  // namespace slm::link
