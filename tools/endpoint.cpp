#include "tools/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace braid {

namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& problem) {
  throw std::invalid_argument('"' + std::string{text} + "\" " + problem);
}

/// The address in network byte order, or nothing if `host` is not IPv4.
std::optional<std::uint32_t> ipv4(const std::string& host) {
  in_addr address{};
  if (host.find('\0') != std::string::npos)
    return std::nullopt; // inet_pton would stop reading there
  if (inet_pton(AF_INET, host.c_str(), &address) != 1)
    return std::nullopt;
  return address.s_addr;
}

std::optional<in6_addr> ipv6(const std::string& host) {
  in6_addr address{};
  if (host.find('\0') != std::string::npos)
    return std::nullopt; // inet_pton would stop reading there
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1)
    return std::nullopt;
  return address;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || c == '-' || c == '.' || c == '_';
}

/// Host names never end in a part of digits only, so what does was meant to be
/// an IPv4 address.
bool looks_like_ipv4(std::string_view host) {
  auto last = host.substr(host.rfind('.') + 1); // npos + 1 is 0
  return std::all_of(last.begin(), last.end(), is_digit);
}

std::uint16_t parse_port(std::string_view text, std::string_view digits) {
  std::uint16_t port = 0;
  const auto* end = digits.data() + digits.size();
  auto [rest, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc{} || rest != end)
    refuse(text, "has the impossible port \"" + std::string{digits}
                   + "\"; use 0 to 65535");
  return port;
}

void check_host(std::string_view text, const std::string& host) {
  if (host.empty())
    refuse(text, "has no host; write host:port, such as 127.0.0.1:4700");
  if (!std::all_of(host.begin(), host.end(), is_name_character))
    refuse(text, "has the impossible host \"" + host
                   + "\"; use a name, an IPv4 address or [an IPv6 address]");
  if (looks_like_ipv4(host) && !ipv4(host))
    refuse(text, "has the impossible IPv4 address \"" + host
                   + "\"; use four numbers from 0 to 255");
}

} // namespace

endpoint parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']'))
    refuse(text, "has no port; write host:port, such as 127.0.0.1:4700");
  std::string host{text.substr(0, colon)};
  if (ipv6(host) || ipv6(std::string{text}))
    refuse(text, "is an IPv6 address without brackets; write it like "
                 "[::1]:4700");
  auto port = parse_port(text, text.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!ipv6(host))
      refuse(text, "has the impossible IPv6 address \"" + host
                     + "\"; write it like [::1]:4700");
    return {host, port};
  }
  check_host(text, host);
  return {host, port};
}

std::string to_string(const endpoint& where) {
  auto port = ':' + std::to_string(where.port);
  if (where.host.find(':') != std::string::npos)
    return '[' + where.host + ']' + port;
  return where.host + port;
}

bool is_loopback(const endpoint& where) {
  if (where.host == "localhost")
    return true;
  if (auto address = ipv4(where.host))
    return (ntohl(*address) >> 24) == 127;
  if (auto address = ipv6(where.host))
    return IN6_IS_ADDR_LOOPBACK(&*address);
  return false;
}

} // namespace braid
