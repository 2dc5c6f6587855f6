// The two clocks of a topology: epochs, which order everything, and event
// time, which the tuples carry.
#pragma once

#include <cstdint>
#include <limits>

namespace braid {

/// The logical clock: sources cut their streams into epochs 1, 2, 3 ...; every
/// tuple belongs to exactly one. 0 means "before the first".
using epoch_number = std::uint64_t;

/// Microseconds since 1970-01-01 UTC, of tuples, watermarks and `now()`.
using event_time = std::int64_t;

/// Older than every tuple: the watermark before anything is known.
inline constexpr event_time beginning_of_time =
  std::numeric_limits<event_time>::min();

/// Newer than every tuple: the watermark of a stream that has ended.
inline constexpr event_time end_of_time =
  std::numeric_limits<event_time>::max();

class careful_calls;

/// What an operator may know about the epoch it works on. A function of the
/// sources' cuts alone, so the same on every re-execution.
struct epoch_info {
  epoch_number number = 0;
  /// The epoch's time, stamped by the sources when it opens; never decreases.
  event_time now = 0;
  /// The watermark that the epochs before this one left behind: what lateness
  /// in this epoch is judged by.
  event_time watermark_before = beginning_of_time;
  /// The watermark once this epoch's input is taken: what it fires.
  event_time watermark_after = beginning_of_time;
  /// All upstream slices are idle or have ended: they hold no watermark back.
  bool idle = false;
  /// All upstream slices have ended; this is the operator's last epoch.
  bool last = false;
  /// What the engine tells outputs: this slice's part of the epoch is executed
  /// call by call (`careful_calls.hpp`). Changes no result.
  careful_calls* careful = nullptr;
};

} // namespace braid
