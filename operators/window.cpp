#include "operators/window.hpp"

#include "operators/topology_error.hpp"

#include <algorithm>
#include <numeric>
#include <string>

namespace braid {

namespace {

using std::chrono::microseconds;

std::string text(microseconds duration) {
  return std::to_string(duration.count()) + " us";
}

void require(bool condition, const std::string& found,
             const std::string& remedy) {
  if (!condition)
    throw topology_error{found + "; " + remedy};
}

/// Checks a length and returns it in microseconds.
event_time length(const char* what, microseconds value, event_time smallest) {
  require(value.count() >= smallest && value.count() <= longest_window,
          std::string{what} + " of " + text(value),
          "give it at least " + text(microseconds{smallest}) + " and at most "
            + text(microseconds{longest_window}));
  return value.count();
}

/// `x` modulo `step`, never negative.
event_time modulo(event_time x, event_time step) {
  auto rest = x % step;
  return rest < 0 ? rest + step : rest;
}

/// The begin of the first window whose end less 1 is after `watermark`.
event_time first_ending_after(const aligned_windows& windows,
                              event_time watermark) {
  // Far enough outside of what any window reaches, with room to add.
  constexpr auto lowest = earliest_in_window - 1;
  constexpr auto highest = latest_in_window + 2 * longest_window;
  return windows.first_of(std::clamp(watermark, lowest, highest) + 1);
}

} // namespace

aligned_windows::aligned_windows(duration size, duration slide, duration offset)
  : size_(length("a window size", size, 1)),
    slide_(length("a window slide", slide, 1)),
    offset_(modulo(offset.count(), slide_)), pane_(std::gcd(size_, slide_)) {
  require(slide <= size,
          "windows of " + text(size) + " that slide by " + text(slide)
            + " leave gaps",
          "slide by at most their size");
}

event_time aligned_windows::pane_of(event_time time) const {
  return time - modulo(time - offset_, pane_);
}

event_time aligned_windows::first_of(event_time time) const {
  // Mostly the size is a multiple of the slide: one division fewer.
  return pane_ == slide_ ? last_of(time) - size_ + slide_
                         : last_of(time - size_) + slide_;
}

event_time aligned_windows::last_of(event_time time) const {
  return time - modulo(time - offset_, slide_);
}

tumbling::tumbling(duration size, duration offset)
  : aligned_windows(size, size, offset) {}

sliding::sliding(duration size, duration slide, duration offset)
  : aligned_windows(size, slide, offset) {}

session::session(microseconds gap) : gap_(length("a session gap", gap, 1)) {}

window_lifetime::window_lifetime(microseconds lateness)
  : lateness_(length("an allowed lateness", lateness, 0)) {}

event_time window_lifetime::first_to_fire(const aligned_windows& windows,
                                          event_time watermark) const {
  return first_ending_after(windows, watermark);
}

event_time window_lifetime::first_kept(const aligned_windows& windows,
                                       event_time watermark) const {
  auto lowest = beginning_of_time + lateness_;
  return first_ending_after(
    windows, watermark < lowest ? beginning_of_time : watermark - lateness_);
}

} // namespace braid
