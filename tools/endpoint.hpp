// Addresses as people write them: "127.0.0.1:4700", "[::1]:4700", "host:4700".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// Where a process listens or can be reached. Port 0 means any free port, and
/// has a meaning only for listening.
struct endpoint {
  std::string host; ///< an IPv4 or IPv6 address (no brackets) or a host name
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// Reads "host:port"; an IPv6 host stands in brackets. Looks up no names.
///
/// @throws std::invalid_argument whose what() is "problem; remedy".
endpoint parse_endpoint(std::string_view text);

/// Writes "host:port". `parse_endpoint` gives the same endpoint back.
std::string to_string(const endpoint& where);

/// Whether only this machine can reach `where`: "localhost", 127.0.0.0/8, ::1.
/// Any other name or address counts as reachable from elsewhere.
bool is_loopback(const endpoint& where);

} // namespace braid
