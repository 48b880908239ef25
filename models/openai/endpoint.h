#pragma once

#include <string>
#include <string_view>

namespace slm::openai {

/// Where a server listens.
struct Endpoint {
  bool is_tls = true;
  std::string host;  ///< a name or an address, an IPv6 one without its brackets
  int port = 443;
  std::string path;  ///< begins with `/` and does not end with it; or empty

  /// Reads `https://host:port/path`. Throws `std::invalid_argument` that says what was expected and does not
  /// repeat the text, which may hold what came from an environment variable.
  static Endpoint parse(std::string_view url);

  /// Scheme, host and port: what may be shown, since a path can hold a secret.
  std::string origin() const;

  /// Whether the name or address stays on this machine.
  bool is_loopback() const;
};

}  // namespace slm::openai
