#include "nodes/link/key_files.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

namespace slm::link {
namespace {

constexpr std::string_view kSecretComment = "# slm-graph secret key";
constexpr std::string_view kPublicComment = "# slm-graph public key";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The value of a ZPL line, its quotes taken off.
std::string_view unquoted(std::string_view value) {
  const bool is_quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

struct Line {
  std::string_view text;
  std::size_t number = 0;
};

/// What a file says, each key still as text: which kind it is may only be known at its end.
struct KeyLines {
  std::string_view first_comment;
  bool is_certificate = false;
  std::vector<Line> plain;
  std::vector<Line> public_keys;  ///< of a certificate
  std::vector<Line> secret_keys;  ///< of a certificate
};

/// What stands in a file is not shown in messages: it may be a secret.
KeyError wrong_line(const std::filesystem::path& file, const Line& line) {
  return {file, "line " + std::to_string(line.number) + " has " + std::to_string(line.text.size()) +
                    " bytes that are no key; expected " + std::to_string(kKeyTextLength) +
                    " characters of Z85"};
}

void take_certificate_line(KeyLines& found, const Line& line, const std::filesystem::path& file) {
  const std::size_t equals = line.text.find('=');
  if (equals == std::string_view::npos) throw wrong_line(file, line);
  const std::string_view name = trimmed(line.text.substr(0, equals));
  const Line value{unquoted(trimmed(line.text.substr(equals + 1))), line.number};
  if (name == "public-key") found.public_keys.push_back(value);
  if (name == "secret-key") found.secret_keys.push_back(value);
}

KeyLines split(std::string_view text, const std::filesystem::path& file) {
  KeyLines found;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Line line{trimmed(text.substr(0, end)), ++number};
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.text.empty()) continue;
    if (line.text.front() == '#') {
      if (found.first_comment.empty()) found.first_comment = line.text;
    } else if (line.text == "curve" || line.text == "metadata") {
      found.is_certificate = true;
    } else if (found.is_certificate) {
      take_certificate_line(found, line, file);
    } else {
      found.plain.push_back(line);
    }
  }
  return found;
}

PublicKey public_key_of(const Line& line, const std::filesystem::path& file) {
  const auto key = PublicKey::of_text(line.text);
  if (!key) throw wrong_line(file, line);
  return *key;
}

std::string octal(std::uint32_t mode) {
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "%04o", mode & 07777U);
  return digits.data();
}

SecretKey parse_secret_key(std::string_view text, const std::filesystem::path& file) {
  const KeyLines lines = split(text, file);
  if (lines.first_comment.starts_with(kPublicComment))
    throw KeyError{file, "holds a public key; expected the secret one"};
  const std::vector<Line>& keys = lines.is_certificate ? lines.secret_keys : lines.plain;
  if (keys.empty())
    throw KeyError{file, "holds no secret key; expected one, as `slm-graph keygen` writes it"};
  const auto key = SecretKey::of_text(keys.front().text);
  if (!key) throw wrong_line(file, keys.front());
  if (keys.size() > 1)
    throw KeyError{file, "holds " + std::to_string(keys.size()) + " keys; expected one secret key"};
  if (!lines.public_keys.empty() && public_key_of(lines.public_keys.front(), file) != key->public_key())
    throw KeyError{file, "its public key does not belong to its secret key"};
  return *key;
}

}  // namespace

std::vector<PublicKey> parse_public_keys(std::string_view text, const std::filesystem::path& file) {
  const KeyLines lines = split(text, file);
  if (lines.first_comment.starts_with(kSecretComment))
    throw KeyError{file, "holds a secret key; expected the public one, which `slm-graph keygen --public " +
                             file.filename().string() + "` prints"};
  std::vector<PublicKey> keys;
  for (const Line& line : lines.is_certificate ? lines.public_keys : lines.plain) {
    const PublicKey key = public_key_of(line, file);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  if (keys.empty()) throw KeyError{file, "holds no public key; expected one or more"};
  return keys;
}

std::vector<PublicKey> read_public_keys(const std::filesystem::path& file) {
  return parse_public_keys(read_small_file(file, kMaxKeyFileBytes).text, file);
}

SecretKey read_secret_key(const std::filesystem::path& file) {
  struct Wiped {
    SmallFile file;
    ~Wiped() { explicit_bzero(file.text.data(), file.text.size()); }
  };
  const Wiped read{read_small_file(file, kMaxKeyFileBytes)};
  if ((read.file.stamp.mode & 077U) != 0)
    throw KeyError{file, "its mode is " + octal(read.file.stamp.mode) +
                             ", so that others than its owner can get at it; expected 0600 (`chmod 600 " +
                             file.filename().string() + "`)"};
  return parse_secret_key(read.file.text, file);
}

void write_secret_key(const SecretKey& key, const std::filesystem::path& file, Overwrite overwrite) {
  std::string text{kSecretComment};
  text.append(": for its process alone, readable by nobody else\n").append(key.secret_text()).append("\n");
  write_small_file(file, text, 0600, overwrite);
  explicit_bzero(text.data(), text.size());
}

void write_public_key(const PublicKey& key, const std::filesystem::path& file, Overwrite overwrite) {
  write_small_file(file, std::string{kPublicComment} + "\n" + key.text() + "\n", 0644, overwrite);
}

}  // namespace slm::link
