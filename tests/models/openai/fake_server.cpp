#include "tests/models/openai/fake_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace slm::testing {
namespace {

struct Listener {
  int socket;
  int port;
};

Listener listen_on_loopback() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, generic, size) != 0 || ::listen(socket, 64) != 0 ||
      ::getsockname(socket, generic, &size) != 0)
    throw std::runtime_error("no port of loopback can be had");
  return {socket, ntohs(address.sin_port)};
}

}  // namespace

void Visit::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      is_closed_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Visit::respond(const std::string& status, const std::string& more, const std::string& text) {
  send("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + more +
       "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
}

void Visit::begin(const std::string& content_type) {
  send("HTTP/1.1 200 OK\r\nContent-Type: " + content_type + "\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void Visit::chunk(const std::string& bytes) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  send(size.data() + bytes + "\r\n");
}

void Visit::wait_until_closed() {
  while (receive()) received_.clear();
  is_closed_ = true;
}

bool Visit::receive() {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0 || is_stopped_) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

bool Visit::read() {
  if (is_closed_) return false;
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return false;
  }
  headers = received_.substr(0, end);
  received_.erase(0, end + 4);
  const std::size_t length_at = headers.find("Content-Length: ");
  const std::size_t length =
      length_at == std::string::npos ? 0 : std::strtoul(headers.c_str() + length_at + 16, nullptr, 10);
  while (received_.size() < length) {
    if (!receive()) return false;
  }
  body = received_.substr(0, length);
  received_.erase(0, length);
  return true;
}

FakeServer::FakeServer(std::function<void(Visit&)> serve) : serve_(std::move(serve)) {
  const Listener listener = listen_on_loopback();
  listener_ = listener.socket;
  port_ = listener.port;
  acceptor_ = std::thread([this] { accept(); });
}

FakeServer::~FakeServer() {
  is_stopped_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void FakeServer::accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (is_stopped_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    if (socket < 0) continue;  // a client that was gone before its turn came
    // Small chunks go out at once, as a server of tokens has it.
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void FakeServer::serve(int socket) {
  Visit visit(socket, is_stopped_);
  while (visit.read()) {
    visit.number = requests_++;
    {
      const std::lock_guard lock(mutex_);
      headers_ = visit.headers;
      body_ = visit.body;
    }
    const int now = ++at_once_;
    int most = most_at_once_;
    while (most < now && !most_at_once_.compare_exchange_weak(most, now)) continue;
    serve_(visit);
    --at_once_;
  }
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  ::close(socket);
  closed_.notify_all();
}

bool FakeServer::is_left() {
  std::unique_lock lock(mutex_);
  return closed_.wait_for(lock, std::chrono::minutes{1}, [&] { return sockets_.empty(); });
}

std::string FakeServer::headers() const {
  const std::lock_guard lock(mutex_);
  return headers_;
}

std::string FakeServer::body() const {
  const std::lock_guard lock(mutex_);
  return body_;
}

int free_port() {
  const Listener listener = listen_on_loopback();
  ::close(listener.socket);
  return listener.port;
}

}  // namespace slm::testing
