// When a node connects to another one that it looks for.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace braid {

/// Decides when to connect to one address. Pure: time passes only through
/// arguments.
///
/// Two nodes that look for each other must not connect at the same moment: CAF
/// would keep both connections, each node sending on its own, and drop the
/// answers for good. So one of them, `first`, connects as soon as it reaches
/// the other, which gives it `head_start` and connects only if nobody came: the
/// first one may not know the address.
class dial_turn {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds head_start{1000};
  static constexpr std::chrono::milliseconds first_pause{100};
  static constexpr std::chrono::milliseconds longest_pause{1000};

  /// When to try again.
  clock::time_point next() const {
    return next_;
  }

  /// Nobody accepts connections there.
  void on_unreachable(clock::time_point now) {
    reached_.reset();
    wait(now);
  }

  /// Somebody does. Returns whether to connect now; if so, it will be said
  /// again, less and less often, until the address is no longer looked for.
  bool on_reachable(bool first, clock::time_point now) {
    if (!reached_) {
      reached_ = now;
      pause_ = first_pause;
    }
    auto connects = first || now - *reached_ >= head_start;
    if (connects)
      wait(now);
    else
      next_ = now + first_pause;
    return connects;
  }

private:
  void wait(clock::time_point now) {
    next_ = now + pause_;
    pause_ = std::min<clock::duration>(2 * pause_, longest_pause);
  }

  std::optional<clock::time_point> reached_; ///< since when it can be
  clock::time_point next_{};
  clock::duration pause_ = first_pause;
};

} // namespace braid
