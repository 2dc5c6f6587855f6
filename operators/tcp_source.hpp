// Sources of text lines from TCP connections: `tcp_lines`, `listen_lines`.
#pragma once

#include "operators/source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace braid {

/// What `tcp_lines` and `listen_lines` have in common.
struct tcp_line_limits {
  /// About how much may wait to be read. When it is full, nothing is taken from
  /// the connections, so that their other ends have to wait.
  std::size_t buffer_bytes = 1 << 20;
  /// A longer line is an error.
  std::size_t max_line_bytes = 1 << 20;
  /// Else a line that ends in CR LF loses both.
  bool keep_carriage_return = false;
};

/// How `tcp_lines` connects.
struct tcp_client_options {
  tcp_line_limits limits{};
  /// Connect again so long after a connection ended or could not be made. Else
  /// the one is the end of the stream, the other an error.
  std::optional<std::chrono::milliseconds> reconnect_after{};
  /// Allows other machines than this one. What is sent is neither encrypted nor
  /// authenticated.
  bool insecure = false;
};

/// How `listen_lines` listens.
struct tcp_listen_options {
  tcp_line_limits limits{};
  /// An address of this machine.
  std::string host = "127.0.0.1";
  /// The stream ends when so many connections have come and gone; nothing: it
  /// never ends.
  std::optional<std::uint64_t> connections{};
  /// Allows addresses that other machines can reach. What they send is neither
  /// encrypted nor authenticated.
  bool insecure = false;
  /// Called with the port once connections can be made; port 0 chooses a free
  /// one.
  std::function<void(std::uint16_t port)> listening{};
};

/// Lines from the network, without their newlines. They cannot be read again:
/// if the partition that reads them fails, what it had taken is lost. There is
/// one split.
class tcp_line_source {
public:
  using value_type = std::string;

  /// Where the lines come from.
  struct settings {
    std::string host;
    std::uint16_t port = 0;
    bool listen = false;
    tcp_line_limits limits{};
    std::optional<std::chrono::milliseconds> reconnect_after{};
    std::optional<std::uint64_t> connections{};
    std::function<void(std::uint16_t port)> listening{};
  };

  /// Throws `topology_error` if the host is not this machine and `insecure` is
  /// not set.
  tcp_line_source(settings values, bool insecure);

  std::uint32_t splits() const {
    return 1;
  }

  /// Throws `std::runtime_error` if it cannot listen.
  std::unique_ptr<source_reader<std::string>>
  open(std::uint32_t split, const source_context& context) const;

private:
  settings settings_;
};

/// Connects to `host` and reads the lines that it sends, until it closes the
/// connection.
tcp_line_source tcp_lines(std::string host, std::uint16_t port,
                          tcp_client_options options = {});

/// Waits for connections and reads the lines that they send, however many there
/// are at a time.
tcp_line_source listen_lines(std::uint16_t port,
                             tcp_listen_options options = {});

} // namespace braid
