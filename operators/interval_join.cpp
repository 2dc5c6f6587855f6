#include "operators/interval_join.hpp"

#include "operators/topology_error.hpp"

#include <string>

namespace braid {

namespace {

constexpr event_time shortest_period = 1'000'000;

event_time floor_of(event_time x, event_time step) {
  return x / step - (x % step < 0 ? 1 : 0);
}

} // namespace

time_interval::time_interval(std::chrono::microseconds lower,
                             std::chrono::microseconds upper)
  : lower_(lower.count()), upper_(upper.count()) {
  if (lower_ > upper_ || lower_ < -longest_window || upper_ > longest_window)
    throw topology_error{"a join between " + std::to_string(lower_) + " us and "
                         + std::to_string(upper_)
                         + " us; give the lower bound first, and both within "
                         + std::to_string(longest_window) + " us of 0"};
}

bool time_interval::sweeps(event_time before, event_time after) const {
  auto period = std::max(upper_ - lower_, shortest_period);
  return floor_of(in_reach(before), period)
         != floor_of(in_reach(after), period);
}

event_time time_interval::in_reach(event_time watermark) {
  return std::clamp(watermark, earliest_in_window - 2 * longest_window + 2,
                    latest_in_window + 2 * longest_window - 2);
}

} // namespace braid
