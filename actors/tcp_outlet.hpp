// The way out to a peer that any thread may take: a frame goes to the operating
// system at once while nothing waits before it, so that the thread that made it
// sends it from its own cache and no other thread need wake.
#pragma once

#include "actors/frame.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>

namespace braid {

/// The frame's bytes on the wire.
std::uint64_t wire_size(const outgoing_frame& frame);

/// How much of a frame was written at once, and on which connection.
struct begun_frame {
  std::uint64_t bytes = 0;
  std::uint64_t connection = 0;
};

/// One lane to a peer. Shared by the senders of frames and the I/O thread,
/// which writes what could not be written at once; all of it while it is not
/// open.
class tcp_outlet {
public:
  /// From now on frames may be written to `socket`. Returns the number of the
  /// connection, from 1.
  std::uint64_t open(int socket);

  /// Nobody writes to the socket once this has returned.
  void close();

  /// Calls `pass_on(frames, begun_frame)` with those that were not written
  /// whole, if any, and how much was written of the first of them; they then
  /// count as queued. Frames are written or passed on in the order of the
  /// calls.
  template <class PassOn>
  void send(std::span<outgoing_frame> frames, PassOn pass_on) {
    std::lock_guard guard{mutex_};
    auto written = socket_ != none && queued_ == 0 ? write_now(frames) : 0;
    while (!frames.empty() && written >= wire_size(frames.front())) {
      written -= wire_size(frames.front());
      frames = frames.subspan(1);
    }
    if (frames.empty())
      return;
    for (auto& frame : frames)
      queued_ += wire_size(frame);
    queued_ -= written;
    pass_on(frames, begun_frame{written, connection_});
  }

  /// Bytes of frames that were passed on and are not yet the operating
  /// system's.
  std::uint64_t queued() const {
    return queued_;
  }

  /// For the I/O thread: so many of them were written, or dropped.
  void no_longer_queued(std::uint64_t bytes) {
    queued_ -= bytes;
  }

private:
  static constexpr int none = -1;

  std::uint64_t write_now(std::span<const outgoing_frame> frames) const;

  std::mutex mutex_;
  int socket_ = none;
  std::uint64_t connection_ = 0;
  std::atomic<std::uint64_t> queued_ = 0;
};

/// The lanes to a peer. That of state is never open: only the I/O thread knows
/// when it is its turn.
struct tcp_outlets {
  tcp_outlet batches;
  tcp_outlet state;

  tcp_outlet& of(lane which) {
    return which == lane::state ? state : batches;
  }

  std::uint64_t queued() const {
    return batches.queued() + state.queued();
  }
};

} // namespace braid
