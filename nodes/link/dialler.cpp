#include "nodes/link/dialler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "nodes/link/secure_socket.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

// All that is there, in most cases, before what else there is to do gets its turn.
constexpr int kPacketsAtOnce = 256;

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

}  // namespace

Dialler::Connection::Connection(zmq::context_t& context, const DiallerOptions& options)
    : socket{context, zmq::socket_type::dealer}, monitor{context, socket} {
  ClientSecurity security = options.connecting.security();
  security.limits = socket_limits(options.max_payload);
  secure_client(socket, security);
  socket.set(zmq::sockopt::sndhwm, 0);  // windows bound it
  socket.set(zmq::sockopt::rcvhwm, 1000);
  // We connect anew, with another socket, and greet. "Never" in libzmq's own words, -1, has it take the lost
  // connection from us between two parts of a packet, where it then aborts the process (libzmq #3485); so
  // does `immediate`.
  constexpr std::chrono::hours kNever{24};
  socket.set(zmq::sockopt::reconnect_ivl, static_cast<int>(std::chrono::milliseconds{kNever}.count()));
  link::connect(socket, options.connect);
}

Dialler::Dialler(DiallerOptions options, Session& session)
    : options_{std::move(options)}, session_{session}, backoff_{options_.first_retry, options_.last_retry} {}

void Dialler::wait(int bell) {
  const auto now = Clock::now();
  if (!connection_ && now >= retry_) {
    connection_.emplace(context_, options_);
    give_up_ = now + options_.patience;
  }
  std::array<zmq::pollitem_t, 3> items{zmq::pollitem_t{nullptr, bell, ZMQ_POLLIN, 0}, {}, {}};
  std::size_t count = 1;
  auto until = session_.next(now);
  if (connection_) {
    items[count++] = {connection_->socket.handle(), 0, ZMQ_POLLIN, 0};
    items[count++] = {connection_->monitor.events().handle(), 0, ZMQ_POLLIN, 0};
  } else {
    until = std::min(until, retry_);
  }
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  zmq::poll(items.data(), count,
            std::clamp(time, std::chrono::milliseconds{0}, std::chrono::milliseconds{1000}));
}

void Dialler::work(const std::function<void()>& between) {
  if (connection_) take_packets(between);
  if (!session_.tick(Clock::now())) hang_up();
  session_.flush(Clock::now());
}

void Dialler::take_packets(const std::function<void()>& between) {
  bool is_good = true;
  // Before the connection's end, so that a reason for it that came before is heard.
  for (int i = 0; is_good && i < kPacketsAtOnce; ++i) {
    const auto parts = Parts::receive(connection_->socket);
    if (!parts) break;
    try {
      is_good = session_.receive(decode(parts->payloads(0), limits_), Clock::now());
      if (is_good) between();
    } catch (const MalformedPacket& error) {
      session_.complain(error.what());
      is_good = false;
    }
  }
  while (const auto event = connection_->monitor.next()) {
    if (*event == ConnectionEvent::ready)
      session_.connected(Clock::now());
    else
      is_good = false;
    if (const char* why = explained(*event)) session_.explain(why);
  }
  if (!session_.is_welcome() && Clock::now() > give_up_) is_good = false;
  if (!is_good) return hang_up();
  if (session_.is_welcome()) backoff_.reset();
}

void Dialler::hang_up() {
  // The listener may have another of its keys by now.
  if (!session_.is_welcome() && options_.connecting.server_keys) options_.connecting.server_keys->advance();
  session_.disconnected(Clock::now());
  connection_.reset();
  retry_ = Clock::now() + backoff_.next();
}

void Dialler::send(Packet packet) {
  if (connection_)
    link::send(connection_->socket, nullptr, encode(std::move(packet), options_.compress_above));
}

}  // namespace slm::link
