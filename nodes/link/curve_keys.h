#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slm::link {

/// Characters of a key's text, which is Z85 (ZeroMQ RFC 32).
inline constexpr std::size_t kKeyTextLength = 40;

/// The key that a process is known by; no secret.
class PublicKey {
 public:
  static constexpr std::size_t kSize = 32;

  /// Empty where the bytes are not as many as a key has.
  static std::optional<PublicKey> of_bytes(std::string_view bytes);
  /// Empty where the text is no Z85 of a key.
  static std::optional<PublicKey> of_text(std::string_view text);

  std::string text() const;
  auto operator<=>(const PublicKey&) const = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

/// The key that a process proves itself with. Its bytes are wiped when it goes; nothing prints it by
/// accident.
class SecretKey {
 public:
  /// Empty where the text is no Z85 of a key.
  static std::optional<SecretKey> of_text(std::string_view text);

  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  PublicKey public_key() const;
  /// As Z85, for libzmq and for its file.
  const char* secret_text() const { return text_.data(); }

 private:
  SecretKey() = default;

  std::array<char, kKeyTextLength + 1> text_{};
  friend SecretKey new_secret_key();
};

/// A new pair of keys, of which the secret one gives the other.
SecretKey new_secret_key();

}  // namespace slm::link
