#include "tests/runtime/chaos/bad_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace slm::testing {
namespace {

using runtime::Descriptor;
using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Descriptor new_socket() {
  return Descriptor::owned(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

}  // namespace

struct BadProxy::Connection {
  Descriptor client;
  Descriptor server;
  Clock::time_point stalled_until{};
};

BadProxy::BadProxy(std::uint16_t server_port, Harm harm)
    : server_port_{server_port}, harm_{harm}, listening_{new_socket()} {
  const auto address = loopback(0);
  if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening_.get(), 16) != 0)
    throw std::runtime_error("no proxy");
  thread_ = std::thread{[this] { run(); }};
}

BadProxy::~BadProxy() {
  is_ending_ = true;
  thread_.join();
}

std::string BadProxy::address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void BadProxy::run() {
  std::vector<Connection> connections;
  bool was_good = false;
  while (!is_ending_) {
    if (is_good_ && !std::exchange(was_good, true)) connections.clear();
    const auto now = Clock::now();
    std::vector<pollfd> watched{{listening_.get(), POLLIN, 0}};
    for (const auto& connection : connections) {
      const bool is_stalled = now < connection.stalled_until;
      watched.push_back({is_stalled ? -1 : connection.client.get(), POLLIN, 0});
      watched.push_back({is_stalled ? -1 : connection.server.get(), POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), 10);
    std::vector<Connection> left;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const bool goes_on = (watched[2 * i + 1].revents == 0 || pass(connections[i], false)) &&
                           (watched[2 * i + 2].revents == 0 || pass(connections[i], true));
      if (goes_on) left.push_back(std::move(connections[i]));
    }
    connections = std::move(left);
    if (watched[0].revents != 0) accept(connections);
  }
}

void BadProxy::accept(std::vector<Connection>& connections) const {
  Connection connection{Descriptor::owned(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                        new_socket()};
  const auto address = loopback(server_port_);
  if (::connect(connection.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    connections.push_back(std::move(connection));
}

/// False where the connection has come to its end.
bool BadProxy::pass(Connection& connection, bool is_from_server) {
  const auto& from = is_from_server ? connection.server : connection.client;
  const auto& to = is_from_server ? connection.client : connection.server;
  std::array<char, 4096> bytes{};
  const auto count = ::recv(from.get(), bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  const auto size = static_cast<std::size_t>(count);
  if (comes(harm_.cut)) {
    ++cuts_;
    return false;
  }
  if (comes(harm_.flip)) {
    ++flips_;
    auto& byte = bytes.at(random_() % size);
    byte = static_cast<char>(byte ^ (1 << random_() % 8));
  }
  if (comes(harm_.stall))
    connection.stalled_until = Clock::now() + std::chrono::milliseconds{random_() % 500};
  if (comes(harm_.delay)) std::this_thread::sleep_for(std::chrono::milliseconds{random_() % 5});
  return ::send(to.get(), bytes.data(), size, MSG_NOSIGNAL) == count;
}

}  // namespace slm::testing
