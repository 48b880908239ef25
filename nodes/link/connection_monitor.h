#pragma once

#include <optional>
#include <zmq.hpp>

namespace slm::link {

/// What happened to a socket's connections.
enum class ConnectionEvent {
  ready,         ///< connected, the handshake done
  refused,       ///< the other side knows our key and does not let it in; or we do not let in theirs
  broken_off,    ///< cut during the handshake: by the network, or since the server's key is another
  incompatible,  ///< the other side does not speak as we do: plain text instead of CURVE, no ZeroMQ, a wrong
                 ///< key
  lost,          ///< a connection is gone, or an attempt at one has failed
};

/// Tells what becomes of a socket's connections, on the socket's thread.
///
/// A client needs it: after `refused` and `incompatible` libzmq gives up the connection for good, silently
/// and with what was queued for it, so that its owner must disconnect and connect again; after `broken_off`
/// and `lost` it goes on trying by itself.
///
/// Must be read: libzmq keeps the events in memory until they are.
class ConnectionMonitor {
 public:
  /// Of a socket that has neither bound nor connected yet, and that outlives the monitor.
  ConnectionMonitor(zmq::context_t& context, zmq::socket_t& socket);
  ~ConnectionMonitor();
  ConnectionMonitor(const ConnectionMonitor&) = delete;
  ConnectionMonitor& operator=(const ConnectionMonitor&) = delete;

  /// Readable where `next` has something; for `zmq::poll`.
  zmq::socket_t& events() { return events_; }
  /// Never waits. Empty where nothing has happened since.
  std::optional<ConnectionEvent> next();

 private:
  zmq::socket_t& socket_;
  zmq::socket_t events_;
};

}  // namespace slm::link
