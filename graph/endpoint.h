#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "graph/problems.h"

namespace slm {

/// Where a process listens, or where others find it: `tcp://HOST:PORT` or `ipc://PATH`.
struct Endpoint {
  enum class Transport { tcp, ipc };

  Transport transport = Transport::tcp;
  std::string
      host;  ///< of TCP: a name, an address (IPv6 without its brackets), or `*` for all of the machine's
  std::uint16_t port = 0;  ///< of TCP; 0, written `*`, is any that is free
  std::string path;        ///< of `ipc://`; a name that begins with `@` is no file (Linux)
  Place place;

  /// Throws `std::invalid_argument` that says what was expected.
  static Endpoint parse(std::string_view text);

  /// As ZeroMQ takes it.
  std::string text() const;
  /// Only programs of the same machine reach it. A name other than `localhost` is never taken for local.
  bool is_local() const;
  /// It stands for every address of the machine, so that nobody can connect to it.
  bool is_wildcard() const;
  /// The host is an IPv6 address, which ZeroMQ takes only where `ZMQ_IPV6` is set.
  bool is_ipv6() const;
  /// The host is neither an address nor `*`.
  bool is_named() const;
};

/// What is expected where a value is no endpoint at all.
inline constexpr const char* kEndpointExpected =
    "an address such as `tcp://*:5555` or `ipc:///run/slm-graph.sock`";

}  // namespace slm
