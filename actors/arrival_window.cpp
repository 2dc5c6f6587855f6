#include "actors/arrival_window.hpp"

#include <utility>

namespace braid {

arrival_window::ticket arrival_window::take(std::uint64_t bytes) {
  {
    std::lock_guard guard{mutex_};
    under_way_ += bytes;
  }
  return {this, [self = shared_from_this(), bytes](const void*) {
            self->give_back(bytes);
          }};
}

bool arrival_window::has_room(std::function<void()> then) {
  std::lock_guard guard{mutex_};
  if (under_way_ < limit_)
    return true;
  waiting_.push_back(std::move(then));
  return false;
}

void arrival_window::give_back(std::uint64_t bytes) {
  std::vector<std::function<void()>> told;
  {
    std::lock_guard guard{mutex_};
    under_way_ -= bytes;
    if (under_way_ < limit_)
      told = std::exchange(waiting_, {});
  }
  for (auto& tell : told)
    tell();
}

} // namespace braid
