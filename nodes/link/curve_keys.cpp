#include "nodes/link/curve_keys.h"

#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace slm::link {
namespace {

using KeyText = std::array<char, kKeyTextLength + 1>;

static_assert(PublicKey::kSize * 5 == kKeyTextLength * 4, "Z85 makes five characters of four bytes");

/// libzmq wants to read up to a zero; it reports what is no Z85.
bool decode(std::string_view text, std::uint8_t* bytes) {
  if (text.size() != kKeyTextLength) return false;
  KeyText terminated{};
  std::copy(text.begin(), text.end(), terminated.begin());
  const bool is_key =
      std::strlen(terminated.data()) == kKeyTextLength && zmq_z85_decode(bytes, terminated.data()) != nullptr;
  explicit_bzero(terminated.data(), terminated.size());
  return is_key;
}

[[noreturn]] void fail_without_curve() {
  throw std::system_error{errno, std::generic_category(), "libzmq makes no CURVE keys"};
}

}  // namespace

std::optional<PublicKey> PublicKey::of_bytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  PublicKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), kSize);
  return key;
}

std::optional<PublicKey> PublicKey::of_text(std::string_view text) {
  PublicKey key;
  if (!decode(text, key.bytes_.data())) return std::nullopt;
  return key;
}

std::string PublicKey::text() const {
  KeyText text;
  zmq_z85_encode(text.data(), bytes_.data(), bytes_.size());
  return text.data();
}

std::optional<SecretKey> SecretKey::of_text(std::string_view text) {
  std::array<std::uint8_t, PublicKey::kSize> bytes;
  const bool is_key = decode(text, bytes.data());
  explicit_bzero(bytes.data(), bytes.size());
  if (!is_key) return std::nullopt;
  SecretKey key;
  std::copy(text.begin(), text.end(), key.text_.begin());
  return key;
}

SecretKey::~SecretKey() {
  explicit_bzero(text_.data(), text_.size());
}

PublicKey SecretKey::public_key() const {
  KeyText text;
  if (zmq_curve_public(text.data(), text_.data()) != 0) fail_without_curve();
  return PublicKey::of_text(text.data()).value();
}

SecretKey new_secret_key() {
  SecretKey key;
  KeyText ignored;
  if (zmq_curve_keypair(ignored.data(), key.text_.data()) != 0) fail_without_curve();
  return key;
}

}  // namespace slm::link
