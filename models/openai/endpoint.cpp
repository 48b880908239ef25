#include "models/openai/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace slm::openai {
namespace {

[[noreturn]] void refuse(const std::string& found) {
  throw std::invalid_argument(found + "; expected an address such as `https://host/v1`");
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

int parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535)
    refuse("its port is not a number from 1 to 65535");
  return port;
}

bool is_plain(char c) {
  return c > ' ' && c < '\x7f';
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

/// The host at the front of `authority`, which keeps what comes after it.
std::string take_host(std::string_view& authority) {
  if (take_prefix(authority, "[")) {
    const std::size_t close = authority.find(']');
    std::string host{authority.substr(0, close)};
    in6_addr address{};
    if (close == std::string_view::npos || inet_pton(AF_INET6, host.c_str(), &address) != 1)
      refuse("there is no IPv6 address between its brackets");
    authority.remove_prefix(close + 1);
    return host;
  }
  std::string host{authority.substr(0, authority.find(':'))};
  if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) refuse("it names no host");
  authority.remove_prefix(host.size());
  return host;
}

}  // namespace

Endpoint Endpoint::parse(std::string_view url) {
  Endpoint endpoint;
  if (!std::all_of(url.begin(), url.end(), is_plain)) refuse("it holds a character that no address may have");
  if (take_prefix(url, "http://")) {
    endpoint.is_tls = false;
    endpoint.port = 80;
  } else if (!take_prefix(url, "https://")) {
    refuse("it begins with neither `https://` nor `http://`");
  }
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view authority = url.substr(0, slash);
  std::string_view path = url.substr(slash);
  if (authority.find('@') != std::string_view::npos)
    refuse("it holds a user or password, which belongs in `api_key`");
  if (url.find_first_of("?#") != std::string_view::npos) refuse("it has a `?` or `#`");
  endpoint.host = take_host(authority);
  if (take_prefix(authority, ":")) {
    endpoint.port = parse_port(authority);
  } else if (!authority.empty()) {
    refuse("it names no host");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/completions")) refuse("it ends with `/completions`, which is added by itself");
  endpoint.path = path;
  return endpoint;
}

std::string Endpoint::origin() const {
  const bool is_address = host.find(':') != std::string::npos;
  std::string text = is_tls ? "https://" : "http://";
  text += is_address ? '[' + host + ']' : host;
  if (port != (is_tls ? 443 : 80)) text += ':' + std::to_string(port);
  return text;
}

bool Endpoint::is_loopback() const {
  if (host == "localhost") return true;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  in_addr four{};
  constexpr std::uint32_t kLoopback = 127;
  return inet_pton(AF_INET, host.c_str(), &four) == 1 && ntohl(four.s_addr) >> 24U == kLoopback;
}

}  // namespace slm::openai
