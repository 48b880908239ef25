#include "nodes/link/socket.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace slm::link {
namespace {

/// A message that shares the payload's bytes until ZeroMQ is done with them.
zmq::message_t shared(Payload payload) {
  // Below this, ZeroMQ keeps the bytes inside its message, and copying them costs less than sharing.
  constexpr std::size_t kSmall = 64;
  if (payload->size() <= kSmall) return zmq::message_t{payload->data(), payload->size()};
  auto owner = std::make_unique<Payload>(std::move(payload));
  // ZeroMQ wants a pointer to what it may change, and changes nothing.
  auto* bytes = const_cast<char*>((*owner)->data());
  zmq::message_t message{
      bytes, (*owner)->size(),
      [](void*, void* hint) { std::unique_ptr<Payload>{static_cast<Payload*>(hint)}.reset(); }, owner.get()};
  owner.release();  // NOLINT(bugprone-unused-return-value): the message has it
  return message;
}

}  // namespace

Bell::Bell() : descriptor_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Bell::~Bell() {
  ::close(descriptor_);
}

void Bell::ring() {
  const std::uint64_t one = 1;
  // It can only fail where it has been rung so often that it is heard anyway.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void Bell::silence() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(descriptor_, &count, sizeof count);
}

std::optional<Parts> Parts::receive(zmq::socket_t& socket) {
  zmq::message_t part;
  if (!socket.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
  Parts parts;
  parts.parts_ = std::make_shared<std::vector<zmq::message_t>>();
  parts.parts_->push_back(std::move(part));
  while (parts.parts_->back().more()) {
    if (!socket.recv(parts.parts_->emplace_back(), zmq::recv_flags::dontwait)) return std::nullopt;
  }
  return parts;
}

std::vector<Payload> Parts::payloads(std::size_t from) const {
  std::vector<Payload> payloads;
  payloads.reserve(size() - std::min(from, size()));
  for (std::size_t i = from; i < size(); ++i) payloads.emplace_back((*parts_)[i].to_string_view(), parts_);
  return payloads;
}

SocketLimits socket_limits(std::size_t max_payload) {
  const WireLimits limits;
  return {.max_frame_bytes = static_cast<std::int64_t>(std::max(max_payload, limits.max_header)),
          .linger = std::chrono::milliseconds{500}};
}

bool send(zmq::socket_t& socket, const std::string* peer, std::vector<Payload> parts) {
  try {
    if (peer != nullptr &&
        !socket.send(zmq::message_t{*peer}, zmq::send_flags::sndmore | zmq::send_flags::dontwait))
      return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto more = i + 1 < parts.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      if (!socket.send(shared(std::move(parts[i])), more | zmq::send_flags::dontwait)) return false;
    }
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH || error.num() == EAGAIN) return false;
    throw;
  }
  return true;
}

}  // namespace slm::link
