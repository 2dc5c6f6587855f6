// How batches leave a node: the interface that the TCP link implements, and the
// simulator too.
#pragma once

#include "actors/frame.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace braid {

/// How much a line that a link logs matters.
enum class link_log : std::uint8_t { debug, info, warning, error };

/// Whom a link tells what happens. All are called on the link's I/O thread, one
/// at a time: they must not block, throw or stop the link, but may call its
/// other functions. An empty one is not called.
struct link_callbacks {
  /// A frame has arrived. Frames of one peer and lane come in the order in
  /// which it sent them, between its `on_peer_up` and `on_peer_down`; those of
  /// different lanes in any order.
  std::function<void(const std::string& from, incoming_frame frame)> on_frame;

  /// A connection to the peer stands.
  std::function<void(const std::string& peer)> on_peer_up;

  /// The connection no longer stands, for the reason given in words. Of the
  /// frames sent to the peer before this call an unknown prefix of each lane
  /// has arrived and the rest is lost; frames sent after it wait for the next
  /// `on_peer_up`. Follows each `on_peer_up` exactly once, unless the link is
  /// stopped first.
  std::function<void(const std::string& peer, const std::string& reason)>
    on_peer_down;

  /// Whether more of the lane of state may be read now. If not, `then` is to be
  /// called once it may, on any thread; until then the peer's state waits.
  std::function<bool(std::function<void()> then)> takes_state;

  /// One line for the operator, without a line end.
  std::function<void(link_log level, const std::string& text)> on_log;
};

/// Carries frames between this node and its peers. Thread-safe.
///
/// Nothing is sent twice: what is lost when a connection breaks must be sent
/// again by whoever holds the replay buffer. A link does not find out that a
/// silent peer is dead; membership does, and removes it.
class link_layer {
public:
  link_layer() = default;
  link_layer(const link_layer&) = delete;
  link_layer& operator=(const link_layer&) = delete;
  virtual ~link_layer() = default;

  /// Sends a frame to a peer, in the order of the calls. Never blocks: frames
  /// queue, without a limit of the link's own, until they can be written.
  /// A frame to a node that is no peer is dropped. Throws std::length_error if
  /// the frame is larger than the link allows, std::invalid_argument if the
  /// link has no such lane.
  void send(const std::string& node, outgoing_frame frame) {
    send(node, std::span{&frame, 1});
  }

  /// Sends several at once, on the same lane, which is cheaper. The frames are
  /// moved from.
  virtual void send(const std::string& node,
                    std::span<outgoing_frame> frames) = 0;

  /// Bytes sent to the peer and not yet handed to the operating system,
  /// headers included, on all lanes; 0 if there is no such peer.
  virtual std::uint64_t queued_bytes(const std::string& node) const = 0;

  /// Makes `name` a peer: frames to it are accepted and connections from it
  /// let in. `incarnation` is the oldest life of it that will do, 0 if that is
  /// not known yet. Again with a newer incarnation: the older life is
  /// disconnected, and what is queued for it is dropped; the same happens when
  /// a newer life connects on its own. Again with the same: only the address
  /// changes, from the next dial on. With an older one: ignored. Throws
  /// std::invalid_argument for this node's own name, or one that is empty or
  /// longer than 255 bytes.
  virtual void add_peer(const std::string& name, std::uint64_t incarnation,
                        const std::string& host, std::uint16_t port) = 0;

  /// Ends the connection to the peer as if it had broken, because of what came
  /// over it; a new one is made soon. Does nothing if there is none.
  virtual void break_connection(const std::string& name,
                                const std::string& reason) = 0;

  /// Disconnects the peer, drops what is queued for it and forgets it.
  virtual void remove_peer(const std::string& name) = 0;
};

} // namespace braid
