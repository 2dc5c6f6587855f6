#include "tests/simulator/simulated_instance.hpp"

#include <algorithm>

namespace braid::simulator {

void simulated_schedule::make_ready(simulated_instance& x) {
  if (x.ready || !x.started)
    return;
  x.ready = true;
  ready_.push_back(&x);
}

void simulated_schedule::put_to_sleep(simulated_instance& x,
                                      std::optional<event_time> until) {
  if (x.ready) {
    x.ready = false;
    ready_.erase(std::find(ready_.begin(), ready_.end(), &x));
  }
  if (until && !x.wake_at)
    asleep_.push_back(&x);
  else if (!until && x.wake_at)
    std::erase(asleep_, &x);
  x.wake_at = until;
  if (until)
    next_wake_ = std::min(next_wake_, *until);
}

void simulated_schedule::wake_sleepers(event_time now) {
  next_wake_ = end_of_time;
  std::erase_if(asleep_, [&](simulated_instance* x) {
    if (*x->wake_at > now) {
      next_wake_ = std::min(next_wake_, *x->wake_at);
      return false;
    }
    x->wake_at.reset();
    make_ready(*x);
    return true;
  });
}

void simulated_schedule::remove(simulated_instance& x) {
  std::erase(ready_, &x);
  std::erase(asleep_, &x);
}

} // namespace braid::simulator
