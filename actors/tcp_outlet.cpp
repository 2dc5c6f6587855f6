#include "actors/tcp_outlet.hpp"

#include "actors/tcp_handshake.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

namespace braid {

std::uint64_t wire_size(const outgoing_frame& frame) {
  return frame_header::size + frame.size();
}

std::uint64_t tcp_outlet::open(int socket) {
  std::lock_guard guard{mutex_};
  socket_ = socket;
  return ++connection_;
}

void tcp_outlet::close() {
  std::lock_guard guard{mutex_};
  socket_ = none;
}

/// Writes what the socket takes without waiting. Errors are left for the I/O
/// thread to find.
std::uint64_t
tcp_outlet::write_now(std::span<const outgoing_frame> frames) const {
  constexpr std::size_t most_frames = 16;
  constexpr std::size_t most_buffers = 128;
  std::array<std::array<std::byte, frame_header::size>, most_frames> headers;
  std::array<iovec, most_buffers> buffers;
  std::size_t count = 0;
  auto add = [&](std::span<const std::byte> bytes) {
    buffers[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  };
  frames = frames.first(std::min(frames.size(), most_frames));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    auto& frame = frames[i];
    if (count + 2 + frame.parts().size() > most_buffers)
      break;
    headers[i] = frame_header::of(frame).encode();
    add(headers[i]);
    add(frame.head());
    for (auto& part : frame.parts())
      add(part.bytes);
  }
  msghdr message{};
  message.msg_iov = buffers.data();
  message.msg_iovlen = count;
  auto written = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return written < 0 ? 0 : static_cast<std::uint64_t>(written);
}

} // namespace braid
