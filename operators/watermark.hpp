// Watermarks: how far event time has come, made per source slice.
#pragma once

#include "operators/archive.hpp"
#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace braid {

/// Follows the event times of a source's slices on the way to an edge. A
/// slice's watermark never falls; the edge carries the minimum over the slices
/// that are neither idle nor ended.
class watermark_tracker {
public:
  /// Tuples may be up to `lateness` microseconds older than the newest one
  /// before them in their slice.
  watermark_tracker(std::uint32_t slices, event_time lateness)
    : slices_(slices), lateness_(lateness) {}

  void observe(std::uint32_t local, event_time time) {
    auto& newest = slices_[local].newest;
    newest = std::max(newest, time);
  }

  void set_idle(std::uint32_t local, bool idle) {
    slices_[local].idle = idle;
  }

  void set_ended(std::uint32_t local) {
    slices_[local].ended = true;
  }

  /// Whether every slice is idle or has ended: then the others decide.
  bool idle() const {
    return std::all_of(slices_.begin(), slices_.end(),
                       [](auto& x) { return x.idle || x.ended; });
  }

  /// `end_of_time` once all have ended.
  event_time watermark() const {
    auto result = end_of_time;
    for (auto& slice : slices_)
      if (!slice.ended && !slice.idle)
        result = std::min(result, of(slice));
    return result;
  }

  void save(std::uint32_t local, byte_buffer& out) const {
    auto& slice = slices_[local];
    encode(slice.newest, out);
    encode(slice.idle, out);
    encode(slice.ended, out);
  }

  /// Throws `decode_error`.
  void load(std::uint32_t local, input_archive& in) {
    auto& slice = slices_[local];
    decode(in, slice.newest);
    decode(in, slice.idle);
    decode(in, slice.ended);
  }

private:
  struct progress {
    event_time newest = beginning_of_time;
    bool idle = false;
    bool ended = false;
  };

  event_time of(const progress& slice) const {
    return slice.newest < beginning_of_time + lateness_ + 1
             ? beginning_of_time
             : slice.newest - lateness_ - 1;
  }

  std::vector<progress> slices_;
  event_time lateness_;
};

} // namespace braid
