// Whether something has been full for so long that somebody should know.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace braid {

/// Looks at something that may be full for a moment now and then. Pure: is told
/// the time.
class full_watch {
public:
  using clock = std::chrono::steady_clock;

  enum class news : std::uint8_t {
    none,
    full_for_long, ///< told once, until there is room
    room_again,    ///< told if the other was
  };

  explicit full_watch(clock::duration patience) : patience_(patience) {}

  news look(bool full, clock::time_point now) {
    if (!full) {
      since_.reset();
      auto told = told_;
      told_ = false;
      return told ? news::room_again : news::none;
    }
    if (!since_)
      since_ = now;
    if (told_ || now - *since_ < patience_)
      return news::none;
    told_ = true;
    return news::full_for_long;
  }

private:
  clock::duration patience_;
  std::optional<clock::time_point> since_;
  bool told_ = false;
};

} // namespace braid
