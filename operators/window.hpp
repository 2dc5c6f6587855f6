// Windows: stretches of event time for which tuples are gathered, and the
// arithmetic of those that lie at fixed places.
#pragma once

#include "operators/epoch.hpp"

#include <chrono>
#include <compare>
#include <concepts>

namespace braid {

/// A stretch of event time, in microseconds. `end` is no part of it.
struct time_window {
  event_time begin = 0;
  event_time end = 0;

  auto operator<=>(const time_window&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& begin& end;
  }
};

/// What a window made of the tuples of one key. Its event time is that of the
/// last instant of the window.
template <class Key, class Value>
struct windowed_value {
  Key key;
  time_window window;
  Value value;

  bool operator==(const windowed_value&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& key& window& value;
  }
};

/// Windows count event times beyond these as these, so that no sum of times
/// overflows: about 146000 years before and after 1970.
inline constexpr event_time earliest_in_window = -(event_time{1} << 62);
inline constexpr event_time latest_in_window = event_time{1} << 62;

/// Windows, gaps and latenesses are at most so long.
inline constexpr event_time longest_window = event_time{1} << 60;

/// Windows of one size, of which one begins every `slide`. They do not depend
/// on the tuples: one begins at 1970-01-01 plus `offset`.
class aligned_windows {
public:
  event_time size() const {
    return size_;
  }

  /// The longest stretches of which every window consists of whole ones.
  event_time pane() const {
    return pane_;
  }

  /// From the begin of one window to that of the next.
  event_time slide() const {
    return slide_;
  }

  /// Where the pane begins in which `time` lies.
  event_time pane_of(event_time time) const;

  /// Where the first of the windows begins in which `time` lies.
  event_time first_of(event_time time) const;

  /// Where the last of the windows begins in which `time` lies.
  event_time last_of(event_time time) const;

  time_window at(event_time begin) const {
    return {begin, begin + size_};
  }

protected:
  using duration = std::chrono::microseconds;

  aligned_windows(duration size, duration slide, duration offset);

private:
  event_time size_;
  event_time slide_;
  event_time offset_;
  event_time pane_;
};

/// Windows of one size, one behind the other: `tumbling(10s)`. Throws
/// `topology_error` unless `size` is positive.
class tumbling final : public aligned_windows {
public:
  explicit tumbling(duration size, duration offset = duration{0});
};

/// Windows that overlap: `sliding(10s, 2s)` is the last ten seconds, every two.
/// Throws `topology_error` unless 0 < `slide` <= `size`.
class sliding final : public aligned_windows {
public:
  sliding(duration size, duration slide, duration offset = duration{0});
};

/// Windows that follow the tuples, per key: two that are less than `gap` apart
/// share one, and it ends `gap` behind its last tuple. Throws `topology_error`
/// unless `gap` is positive.
class session final {
public:
  explicit session(std::chrono::microseconds gap);

  event_time gap() const {
    return gap_;
  }

private:
  event_time gap_;
};

/// What `keyed_stream::window` takes.
template <class S>
concept window_shape =
  std::derived_from<S, aligned_windows> || std::same_as<S, session>;

/// How long windows are kept: they fire when the watermark has reached their
/// last instant, and are gone when it is `lateness` further.
class window_lifetime {
public:
  /// Throws `topology_error` for a negative lateness.
  explicit window_lifetime(
    std::chrono::microseconds lateness = std::chrono::microseconds{0});

  /// The watermark that fires a window.
  static event_time fires_at(event_time end) {
    return end - 1;
  }

  /// The watermark at which a window is gone.
  event_time gone_at(event_time end) const {
    return end - 1 + lateness_;
  }

  static bool has_fired(event_time end, event_time watermark) {
    return fires_at(end) <= watermark;
  }

  bool is_gone(event_time end, event_time watermark) const {
    return gone_at(end) <= watermark;
  }

  /// The begin of the first window that has not fired at `watermark`.
  event_time first_to_fire(const aligned_windows& windows,
                           event_time watermark) const;

  /// The begin of the first window that is not gone at `watermark`.
  event_time first_kept(const aligned_windows& windows,
                        event_time watermark) const;

private:
  event_time lateness_;
};

/// `time`, or the nearest that windows can be made of.
inline event_time in_windows(event_time time) {
  return time < earliest_in_window ? earliest_in_window
         : time > latest_in_window ? latest_in_window
                                   : time;
}

} // namespace braid
