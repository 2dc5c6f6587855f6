// One TCP connection that has shaken hands: frames out, frames in.
#pragma once

#include "actors/frame.hpp"
#include "actors/tcp_handshake.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace braid {

/// Writes queued frames, many in one system call and without copying them, and
/// reads frames straight into the memory they stay in. Runs on one thread, that
/// of the stream's io_context; is kept alive by what it waits for.
class tcp_connection : public std::enable_shared_from_this<tcp_connection> {
public:
  struct callbacks {
    std::function<void(incoming_frame frame)> on_frame;
    /// So many more bytes, headers included, are the operating system's.
    std::function<void(std::uint64_t bytes)> on_written;
    /// If it is set: calls `flush` when the next piece may be written.
    std::function<void()> on_piece;
    /// If it is set: whether more may be read. If not, it calls `then` later,
    /// on the thread of the connection.
    std::function<bool(std::function<void()> then)> may_read;
    /// The connection is of no use any more. At most once, and the last call.
    std::function<void(const std::string& reason)> on_broken;
  };

  /// Bodies come from `bodies`, which must outlive the last callback, and are
  /// at most `longest_frame` bytes.
  tcp_connection(tcp_stream stream, lane on, frame_pool& bodies,
                 std::uint64_t longest_frame, callbacks then);

  /// Begins to read.
  void start();

  /// Queues a frame; `flush` sees to it that the queue is being written. Its
  /// first `written` bytes have gone out already, if nothing is queued.
  void enqueue(outgoing_frame frame, std::uint64_t written = 0);
  void flush();

  /// Closes at once and calls nobody any more.
  void close();

private:
  struct outgoing {
    std::array<std::byte, frame_header::size> header;
    outgoing_frame frame;

    std::uint64_t size() const;
  };

  // As many buffers as Boost.Asio passes to one system call. A view: copies,
  // of which it makes some, cost nothing.
  static constexpr std::size_t most_buffers = 64;
  static constexpr std::size_t most_frames = 16;
  // On the lane of state, so much at a time is written, read, and left to the
  // system unsent: batches never wait for more.
  static constexpr std::uint64_t piece_bytes = 256 * 1024;
  using buffer_view = std::span<const boost::asio::const_buffer>;

  // How much is read past the end of a body: many frames at once if they are
  // small, little more than the next header if they are large, for what is
  // staged must be copied once more. Frames follow others of their size.
  static constexpr std::size_t staging_size = 65536;
  static constexpr std::size_t staged_beyond_large = 4096;
  static constexpr std::uint64_t large_frame = 16384;

  buffer_view gather();
  void add_buffer(std::span<const std::byte> bytes, std::uint64_t& skip);
  std::uint64_t longest_piece() const;
  void written(std::size_t bytes);

  void read_when_there_is_room();
  void read_more();
  void received(std::size_t bytes);
  void take_staged();
  bool begin_frame();
  void finish_frame();
  void broken(const std::string& reason);
  std::string where_it_ended() const;

  tcp_stream stream_;
  const lane lane_;
  frame_pool& bodies_;
  const std::uint64_t longest_frame_;
  callbacks then_;
  bool closed_ = false;

  std::deque<outgoing> queue_;
  std::uint64_t written_of_first_ = 0;
  bool writing_ = false;
  std::array<boost::asio::const_buffer, most_buffers> gathered_;
  std::size_t gathered_count_ = 0;
  std::uint64_t gathered_bytes_ = 0;

  std::optional<frame_header> frame_; // whose body is being read
  std::shared_ptr<std::byte> body_;
  std::uint64_t body_filled_ = 0;
  std::array<std::byte, staging_size> staging_;
  std::size_t read_ahead_ = staging_size;
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
};

} // namespace braid
