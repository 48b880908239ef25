#include "nodes/link/connection_monitor.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "nodes/link/inproc_address.h"

namespace slm::link {
namespace {

std::optional<ConnectionEvent> event_of(std::uint16_t number) {
  switch (number) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectionEvent::ready;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectionEvent::refused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return ConnectionEvent::broken_off;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return ConnectionEvent::incompatible;
    case ZMQ_EVENT_DISCONNECTED:
    case ZMQ_EVENT_CLOSED:
      return ConnectionEvent::lost;
    default:
      return std::nullopt;
  }
}

constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;

}  // namespace

ConnectionMonitor::ConnectionMonitor(zmq::context_t& context, zmq::socket_t& socket)
    : socket_{socket}, events_{context, zmq::socket_type::pair} {
  const std::string address = new_inproc_address();
  events_.set(zmq::sockopt::linger, 0);
  // At a bound, libzmq's I/O thread would wait for us to read, and with it all connections of the context.
  events_.set(zmq::sockopt::rcvhwm, 0);
  if (zmq_socket_monitor(socket.handle(), address.c_str(), kEvents) != 0) throw zmq::error_t{};
  events_.connect(address);
}

ConnectionMonitor::~ConnectionMonitor() {
  // First, since libzmq's I/O thread would wait for ever for a reader that is gone.
  zmq_socket_monitor(socket_.handle(), nullptr, 0);
}

std::optional<ConnectionEvent> ConnectionMonitor::next() {
  zmq::message_t number, address;
  while (events_.recv(number, zmq::recv_flags::dontwait)) {
    static_cast<void>(events_.recv(address));
    std::uint16_t value = 0;
    if (number.size() >= sizeof value) std::memcpy(&value, number.data(), sizeof value);
    if (const auto event = event_of(value)) return event;
  }
  return std::nullopt;
}

}  // namespace slm::link
