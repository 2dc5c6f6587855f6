// How two nodes introduce themselves on a new TCP connection.
#pragma once

#include "actors/frame.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What frames are read from and written to. For mutual TLS this becomes
/// boost::asio::ssl::stream<tcp::socket>, with its own handshake before ours in
/// tcp_handshake; tcp_connection only reads and writes some bytes at a time,
/// which both can do.
using tcp_stream = boost::asio::ip::tcp::socket;

/// Who a node is, and why it refuses the other, if it does. On the wire 24
/// bytes, little-endian, the same in all versions, then name and refusal:
///
///     0  u32  magic "BRDH"        7  u8   bytes of the name
///     4  u16  protocol version    8  u64  incarnation
///     6  u8   lane               16  u8   bytes of the refusal
///                                17  7 reserved bytes, zero
struct hello {
  static constexpr std::size_t head_size = 24;
  static constexpr std::uint32_t magic = 0x48445242; // "BRDH" in memory order

  std::string name;
  std::uint64_t incarnation = 0;
  lane on = lane::batches;
  std::string refusal;

  std::vector<std::byte> encode() const;
};

/// Connects (or has been called), says hello, hears hello. Ends by calling
/// exactly one of two functions, unless it is cancelled first. Runs on one
/// thread, that of the stream's io_context.
class tcp_handshake : public std::enable_shared_from_this<tcp_handshake> {
public:
  struct callbacks {
    /// Why the other is not welcome; empty if it is.
    std::function<std::string(const hello& theirs)> judge;
    std::function<void(tcp_stream stream, const hello& theirs)> on_done;
    std::function<void(const std::string& reason)> on_failed;
  };

  tcp_handshake(tcp_stream stream, hello ours, callbacks then);

  /// Tries the endpoints in turn, then introduces itself first.
  void dial(std::vector<boost::asio::ip::tcp::endpoint> endpoints,
            std::chrono::milliseconds connect_limit,
            std::chrono::milliseconds handshake_limit);

  /// Lets the other, who is connected already, introduce itself first, and
  /// choose the lane.
  void answer(std::chrono::milliseconds handshake_limit);

  /// Closes the connection and calls nobody.
  void cancel();

private:
  using step = void (tcp_handshake::*)();

  // The steps, in their order.
  void greet();
  void hear();
  void hear_texts();
  void decide();
  void succeed();

  void refuse(const std::string& reason);
  void give_up();
  void fail(const std::string& reason);

  void say(const std::string& refusal, step next);
  void read(std::size_t bytes, step next);
  std::function<void(boost::system::error_code, std::size_t)>
  proceed(step next);
  void limit(std::chrono::milliseconds time, const std::string& lateness);

  tcp_stream stream_;
  boost::asio::steady_timer deadline_;
  hello ours_;
  callbacks then_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  hello theirs_;
  std::vector<std::byte> outgoing_;
  std::vector<std::byte> incoming_;
  std::uint16_t version_ = 0;
  std::size_t name_bytes_ = 0;
  std::string reason_;
  bool dialling_ = false;
  bool over_ = false;
};

} // namespace braid
