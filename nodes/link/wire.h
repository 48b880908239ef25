#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <wire_generated.h>

/// The frames of docs/wire-protocol.md as values, and as the parts of a ZeroMQ message.
namespace slm::link {

inline constexpr std::uint16_t kProtocol = 1;

/// A text that is sent and received without being copied: whoever has a copy of this shares its bytes. Empty
/// by default. Copies may be used by several threads.
class Payload {
 public:
  Payload() = default;
  explicit Payload(std::string text) {
    if (text.empty()) return;
    auto owner = std::make_shared<const std::string>(std::move(text));
    bytes_ = *owner;
    owner_ = std::move(owner);
  }
  /// Bytes that live as long as `owner`.
  Payload(std::string_view bytes, std::shared_ptr<const void> owner)
      : bytes_{bytes}, owner_{std::move(owner)} {}

  std::string_view operator*() const { return bytes_; }
  const std::string_view* operator->() const { return &bytes_; }

 private:
  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
};

/// What is sent in one ZeroMQ message: a header and the payloads that it speaks of.
struct Packet {
  wire::BodyUnion body;
  std::vector<Payload> payloads;
};

/// Bounds on what is taken from a peer.
struct WireLimits {
  std::size_t max_payload = std::size_t{16} << 20;  ///< bytes, decompressed
  std::size_t max_packet = std::size_t{64} << 20;   ///< bytes of all payloads together, decompressed
  std::size_t max_header = std::size_t{4} << 20;    ///< bytes
  std::size_t max_payloads = 1024;                  ///< in a packet
};

/// Payload bytes beyond which a sender begins another packet; what is above comes from a single message.
inline constexpr std::size_t kFullPacket = std::size_t{1} << 20;

/// Calls or replies that a sender puts into one packet, where a caller may have `window` calls unanswered: a
/// share of them, so that while one packet is worked on others travel, and no processor waits for another.
inline constexpr std::size_t calls_a_packet(std::size_t window) {
  return std::clamp<std::size_t>(window / 16, 4, 64);
}

/// The same for batch work, for which nobody waits.
inline constexpr std::size_t batch_calls_a_packet(std::size_t window) {
  return std::clamp<std::size_t>(window / 4, 4, 256);
}

/// A packet that is not as docs/wire-protocol.md says.
class MalformedPacket : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A packet of `body`, which is one of the tables of wire.fbs.
template <class T>
Packet packet(T body, std::vector<Payload> payloads = {}) {
  Packet made;
  made.body.Set(std::move(body));
  made.payloads = std::move(payloads);
  return made;
}

/// The parts of a ZeroMQ message, the header first. Payloads of more than `compress_above` bytes are
/// compressed by zstd where that makes them smaller.
std::vector<Payload> encode(Packet packet, std::size_t compress_above = SIZE_MAX);

/// Throws `MalformedPacket`, whatever the bytes are. A packet that it gives has every required field, as many
/// payloads as its calls or replies need, and none above the limits. Payloads share the bytes of their parts,
/// except those that were compressed.
Packet decode(std::span<const Payload> parts, const WireLimits& limits);
/// As above, of bytes that may be gone before the packet.
Packet decode(std::span<const std::string_view> parts, const WireLimits& limits);

/// Payloads that a reply has: the answer's text, and where the message goes on its text by then.
inline std::size_t payloads_of(const wire::ReplyT& reply) {
  return reply.ending == wire::Ending::goes_on ? 2 : 1;
}
/// Payloads that a call has: the request's text and the answer's.
inline constexpr std::size_t kPayloadsOfCall = 2;

}  // namespace slm::link
