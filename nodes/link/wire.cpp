#include "nodes/link/wire.h"

#include <zstd.h>

#include <utility>

namespace slm::link {
namespace {

constexpr int kCompressionLevel = 1;  // the fastest: a link is not to wait for its compressor

std::string compressed(std::string_view text) {
  std::string result(ZSTD_compressBound(text.size()), '\0');
  const auto size = ZSTD_compress(result.data(), result.size(), text.data(), text.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) return std::string{text};
  result.resize(size);
  return result;
}

std::string decompressed(std::string_view bytes, std::size_t limit) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
    throw MalformedPacket("a compressed payload is no zstd frame that tells its size");
  if (size > limit) throw MalformedPacket("a payload is larger than " + std::to_string(limit) + " bytes");
  std::string text(size, '\0');
  const auto got = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0 || got != size) throw MalformedPacket("a compressed payload cannot be unpacked");
  return text;
}

std::size_t payloads_needed(const wire::BodyUnion& body) {
  if (const auto* calls = body.AsCalls()) return calls->calls.size() * kPayloadsOfCall;
  std::size_t count = 0;
  if (const auto* replies = body.AsReplies())
    for (const auto& reply : replies->replies) count += payloads_of(*reply);
  return count;
}

wire::FrameT header_of(std::string_view bytes, const WireLimits& limits) {
  if (bytes.size() > limits.max_header)
    throw MalformedPacket("a header is larger than " + std::to_string(limits.max_header) + " bytes");
  constexpr std::size_t kSmallest = 2 * sizeof(flatbuffers::uoffset_t);  // the root and the file identifier
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.size() < kSmallest || !wire::FrameBufferHasIdentifier(data))
    throw MalformedPacket("a header is no frame of this protocol");
  // FlatBuffers reads in place, which wants the alignment that a ZeroMQ message does not promise.
  static thread_local std::vector<std::uint64_t> aligned;  // keeps its room
  aligned.resize((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier{data, bytes.size(), /*max_depth=*/16, /*max_tables=*/1'000'000};
  if (!wire::VerifyFrameBuffer(verifier)) throw MalformedPacket("a header is damaged");
  const wire::Frame* frame = wire::GetFrame(data);
  if (frame->version() != kProtocol)
    throw MalformedPacket("a header has version " + std::to_string(frame->version()) + ", expected " +
                          std::to_string(kProtocol));
  wire::FrameT header;
  frame->UnPackTo(&header);
  return header;
}

}  // namespace

std::vector<Payload> encode(Packet packet, std::size_t compress_above) {
  wire::FrameT frame;
  frame.version = kProtocol;
  frame.body = std::move(packet.body);
  for (std::size_t i = 0; i < packet.payloads.size(); ++i) {
    Payload& payload = packet.payloads[i];
    if (payload->size() <= compress_above) continue;
    auto smaller = compressed(*payload);
    if (smaller.size() >= payload->size()) continue;
    payload = Payload{std::move(smaller)};
    frame.compressed.push_back(static_cast<std::uint32_t>(i));
  }
  static thread_local flatbuffers::FlatBufferBuilder builder;  // keeps its room
  builder.Clear();
  wire::FinishFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  const auto* bytes = reinterpret_cast<const char*>(builder.GetBufferPointer());
  std::vector<Payload> parts;
  parts.reserve(1 + packet.payloads.size());
  parts.emplace_back(std::string{bytes, builder.GetSize()});
  for (Payload& payload : packet.payloads) parts.push_back(std::move(payload));
  return parts;
}

Packet decode(std::span<const Payload> parts, const WireLimits& limits) {
  if (parts.empty()) throw MalformedPacket("it is empty");
  if (parts.size() - 1 > limits.max_payloads) throw MalformedPacket("it has too many payloads");
  wire::FrameT header = header_of(*parts.front(), limits);
  Packet packet;
  packet.body = std::move(header.body);
  if (payloads_needed(packet.body) != parts.size() - 1)
    throw MalformedPacket("it has " + std::to_string(parts.size() - 1) + " payloads, expected " +
                          std::to_string(payloads_needed(packet.body)));
  std::vector<bool> is_compressed(parts.size() - 1);
  for (const std::uint32_t position : header.compressed) {
    if (position >= is_compressed.size())
      throw MalformedPacket("it speaks of a payload that it does not have");
    is_compressed[position] = true;
  }
  std::size_t room = limits.max_packet;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const Payload& part = parts[i + 1];
    const std::size_t most = std::min(limits.max_payload, room);
    if (part->size() > most)
      throw MalformedPacket("its payloads are larger than " + std::to_string(most) + " bytes");
    packet.payloads.push_back(is_compressed[i] ? Payload{decompressed(*part, most)} : part);
    room -= packet.payloads.back()->size();
  }
  return packet;
}

Packet decode(std::span<const std::string_view> parts, const WireLimits& limits) {
  std::vector<Payload> copies;
  copies.reserve(parts.size());
  for (const std::string_view part : parts) copies.emplace_back(std::string{part});
  return decode(copies, limits);
}

}  // namespace slm::link
