// One peer of a TCP link: dialling it, its connection, and the frames that wait
// for one.
#pragma once

#include "actors/frame.hpp"
#include "actors/link.hpp"
#include "actors/tcp_connection.hpp"
#include "actors/tcp_handshake.hpp"
#include "actors/tcp_link.hpp"
#include "actors/tcp_outlet.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What the parts of one TCP link share. All but the link itself use it on the
/// I/O thread only.
struct tcp_link_context {
  tcp_link_context(const tcp_link_options& wanted, link_callbacks whom);

  const tcp_link_options options;
  const hello ours;
  link_callbacks callbacks;
  frame_pool bodies;
  // Last, so that it is destroyed first: what it still holds may use the rest.
  boost::asio::io_context io{1};

  void log(link_log level, const std::string& text) const;
};

/// All addresses of a host; empty, with `error` set, if there are none.
/// Blocks, unless `host` is an address itself.
std::vector<boost::asio::ip::tcp::endpoint>
resolve(const std::string& host, std::uint16_t port,
        boost::system::error_code& error);

/// Lives on the I/O thread.
class tcp_peer : public std::enable_shared_from_this<tcp_peer> {
public:
  tcp_peer(std::shared_ptr<tcp_link_context> context, std::string name,
           std::shared_ptr<tcp_outlets> outlets);

  /// As link_layer::add_peer. Dials, if that is for us to do.
  void meet(std::uint64_t incarnation, const std::string& host,
            std::uint16_t port);

  /// Takes a frame that the outlet has passed on. `flush` gets what was taken
  /// going, many frames at once.
  void send(outgoing_frame frame, begun_frame begun = {});
  void flush();

  /// Why the caller must not become this peer's connection; empty if it may.
  std::string judge(const hello& theirs) const;

  /// Makes a stream that has shaken hands this peer's connection, or its lane
  /// of state. A new connection takes the place of the one that it may have.
  void adopt(tcp_stream stream, const hello& theirs);

  /// As link_layer::break_connection.
  void break_connection(const std::string& reason);

  /// Lets connection, attempts and frames go. Only destruction may follow.
  void leave(const std::string& reason);

  /// Closes everything and tells nobody. Only destruction may follow.
  void stop();

private:
  /// One lane's way out.
  struct lane_state {
    std::deque<outgoing_frame> waiting; // empty while there is a connection
    std::shared_ptr<tcp_connection> connection;
    std::uint64_t unwritten = 0; // bytes of frames given to the connection
  };

  void begin_life(std::uint64_t incarnation);
  bool dials() const;
  void dial();
  void connect(const std::vector<boost::asio::ip::tcp::endpoint>& endpoints);
  void dial_failed(const std::string& reason);
  void redial_later();
  void stop_dialling();
  void disconnect(const std::string& reason);
  void drop_waiting(lane which);
  lane_state& of(lane which);
  bool is_connected() const;
  bool is_whole() const;
  void connect_lane(lane which, tcp_stream stream);
  void flush_state();
  tcp_connection::callbacks connection_callbacks(lane which);

  const std::shared_ptr<tcp_link_context> context_;
  const std::string name_;
  const std::shared_ptr<tcp_outlets> outlets_;
  std::uint64_t incarnation_ = 0;
  std::string host_;
  std::uint16_t port_ = 0;

  lane_state batches_;
  lane_state state_;
  std::uint64_t connection_number_ = 0; // of batches
  boost::asio::steady_timer state_turn_;
  bool state_waits_ = false; // for its turn

  // Of the side that dials.
  std::uint64_t dial_number_ = 0; // what an earlier dial finds out is ignored
  std::shared_ptr<tcp_handshake> attempt_;
  boost::asio::steady_timer retry_;
  std::chrono::milliseconds next_retry_;
  std::string last_early_failure_;
  std::string last_failure_;
  std::chrono::steady_clock::time_point connected_at_;
};

} // namespace braid
