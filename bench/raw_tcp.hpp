// What loopback TCP can move: the measure for the links between nodes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace braid {

/// Bytes of payload a second from one process to another over plain blocking
/// sockets: one writev of an 8-byte header and `frame_bytes` of payload a
/// frame, one read for each of the two at the other end, which touches a byte
/// in every 4 KB. Moves whole frames until at least `total_bytes` are over.
///
/// Forks the sender and reaps it: call it before the first thread is started.
/// Throws std::invalid_argument if `frame_bytes` is 0, std::system_error if a
/// system call fails or nothing moves for ten seconds.
double raw_tcp_bytes_per_second(std::size_t frame_bytes,
                                std::uint64_t total_bytes);

} // namespace braid
