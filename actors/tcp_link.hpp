// The links between node processes: one TCP connection for batches and one for
// state between each pair of nodes, beside CAF and unknown to it.
#pragma once

#include "actors/link.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace braid {

struct tcp_link_options {
  /// This node's name (1 to 255 bytes) and the number of its present life.
  std::string name;
  std::uint64_t incarnation = 0;

  /// Where to listen, and nowhere else. Port 0 takes any free one.
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  /// Longer frames are neither sent nor received. At least one byte.
  std::uint64_t longest_frame_bytes = std::uint64_t{1} << 30;
  /// Bodies of frames that are done with, kept for the next ones.
  std::uint64_t unused_body_bytes = std::uint64_t{64} << 20;

  /// How long a peer may take to accept a connection, and then to say hello.
  std::chrono::milliseconds connect_limit{3000};
  std::chrono::milliseconds handshake_limit{3000};
  /// How long nothing of what was sent may arrive. Then the connection is
  /// broken; the system alone would go on for a quarter of an hour.
  std::chrono::milliseconds silence_limit{6000};
  /// Wait before dialling again: doubles with each failure up to the longest.
  std::chrono::milliseconds first_retry{20};
  std::chrono::milliseconds longest_retry{1000};
};

/// A link_layer on TCP, with one I/O thread of its own.
///
/// Of two nodes the one with the smaller name dials, for as long as the other
/// is its peer. Both introduce themselves with protocol version, lane, name and
/// incarnation. A connection is refused, with one line in both logs, if the
/// caller is no peer or an older life of it. A peer has one connection at a
/// time: a later one replaces the earlier. Bytes that are not a frame end it,
/// and so does a network that loses what is sent.
///
/// The lane of state has a connection of its own, dialled once that of batches
/// stands; if one of the two ends, the other is closed. State goes in pieces of
/// 256 KiB, and while batches wait for the network no more than one in 10 ms.
///
/// There is no authentication: listen only where every caller is trusted.
class tcp_link final : public link_layer {
public:
  /// Listens from now on. Throws std::invalid_argument for options out of
  /// range, std::system_error naming the address if it cannot listen there.
  tcp_link(const tcp_link_options& options, link_callbacks callbacks);
  ~tcp_link() override;

  /// Where it listens.
  std::uint16_t port() const;

  using link_layer::send;
  void send(const std::string& node, std::span<outgoing_frame> frames) override;
  std::uint64_t queued_bytes(const std::string& node) const override;
  void add_peer(const std::string& name, std::uint64_t incarnation,
                const std::string& host, std::uint16_t port) override;
  void break_connection(const std::string& name,
                        const std::string& reason) override;
  void remove_peer(const std::string& name) override;

  /// Closes all connections at once, with what is still queued, and ends the
  /// I/O thread, within a second. No callback runs after it, and none for what
  /// it closes. Not to be called from a callback. The destructor does it too.
  void stop();

private:
  class core;
  std::unique_ptr<core> core_;
};

} // namespace braid
