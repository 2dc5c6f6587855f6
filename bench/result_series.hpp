// When results came, and how old they were.
#pragma once

#include "operators/epoch.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// Results that reached a sink of this process together.
struct result_arrival {
  event_time at = 0;         ///< microseconds since 1970
  event_time oldest = 0;     ///< how old the oldest of them was
  std::uint64_t results = 0; ///< how many there were
};

/// Keeps all arrivals from `begin` on. Any thread may call these.
class result_series {
public:
  static void begin();

  /// Results that were due at these times, in microseconds since 1970.
  static void add(std::span<const event_time> due);

  static std::vector<result_arrival> all();
};

/// Microseconds since 1970.
event_time wall_clock_now();

/// The longest time without any result within `from` .. `to`, in ms.
double longest_gap(const std::vector<result_arrival>& all, event_time from,
                   event_time to);

/// The age that a share of the results of that time did not exceed, in ms.
double age_percentile(const std::vector<result_arrival>& all, event_time from,
                      event_time to, double share);

} // namespace braid
