#include "graph/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace slm {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";

[[noreturn]] void expected(const std::string& what) {
  throw std::invalid_argument{what};
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

/// The address without its zone (`fe80::1%eth0`), in network order.
bool read_ipv6(const std::string& host, in6_addr& address) {
  return ::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &address) == 1;
}

bool is_ipv6_address(const std::string& host) {
  in6_addr ignored{};
  return read_ipv6(host, ignored);
}

/// A name of DNS, or of a network interface.
bool is_name(std::string_view host) {
  const auto is_part = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  const auto is_of_number = [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; };
  return !host.empty() && std::isalnum(static_cast<unsigned char>(host.front())) != 0 &&
         std::all_of(host.begin(), host.end(), is_part) &&
         !std::all_of(host.begin(), host.end(), is_of_number);
}

std::uint16_t parse_port(std::string_view text) {
  if (text == "*") return 0;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    expected("a port from 1 to 65535 at its end, as in `tcp://*:5555`");
  return port;
}

Endpoint parse_tcp(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    expected("a port from 1 to 65535 at its end, as in `tcp://*:5555`");
  Endpoint endpoint{.transport = Endpoint::Transport::tcp};
  endpoint.host = text.substr(0, colon);
  const bool is_bracketed = endpoint.host.starts_with('[') && endpoint.host.ends_with(']');
  if (is_bracketed) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  if (is_bracketed ? !is_ipv6_address(endpoint.host) : endpoint.host.find(':') != std::string::npos)
    expected("an IPv6 address in brackets, as in `tcp://[::1]:5555`");
  if (!is_bracketed && endpoint.host != "*" && !is_ipv4(endpoint.host) && !is_name(endpoint.host))
    expected("a host name, an IP address or `*` before its port");
  endpoint.port = parse_port(text.substr(colon + 1));
  return endpoint;
}

Endpoint parse_ipc(std::string_view text) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (text.empty() || text == "*" || text == "@") expected("a path after `ipc://`");
  if (text.size() > kLongest) expected("a path of at most " + std::to_string(kLongest) + " bytes");
  return {.transport = Endpoint::Transport::ipc, .path = std::string{text}};
}

bool is_loopback(const in6_addr& address) {
  const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&address) != 0;
  return IN6_IS_ADDR_LOOPBACK(&address) != 0 || (is_mapped && address.s6_addr[12] == 127);
}

}  // namespace

Endpoint Endpoint::parse(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    expected("an address without blanks");
  if (text.starts_with(kTcp)) return parse_tcp(text.substr(kTcp.size()));
  if (text.starts_with(kIpc)) return parse_ipc(text.substr(kIpc.size()));
  expected(kEndpointExpected);
}

std::string Endpoint::text() const {
  if (transport == Transport::ipc) return std::string{kIpc} + path;
  return std::string{kTcp} + (is_ipv6() ? "[" + host + "]" : host) + ":" +
         (port == 0 ? "*" : std::to_string(port));
}

bool Endpoint::is_local() const {
  if (transport == Transport::ipc || host == "localhost" || host.ends_with(".localhost")) return true;
  in6_addr address{};
  return read_ipv6(host, address) ? is_loopback(address) : is_ipv4(host) && host.starts_with("127.");
}

bool Endpoint::is_wildcard() const {
  in6_addr address{};
  return host == "*" || host == "0.0.0.0" ||
         (read_ipv6(host, address) && IN6_IS_ADDR_UNSPECIFIED(&address) != 0);
}

bool Endpoint::is_ipv6() const {
  return is_ipv6_address(host);
}

bool Endpoint::is_named() const {
  return transport == Transport::tcp && host != "*" && !is_ipv4(host) && !is_ipv6();
}

}  // namespace slm
