// A partition that is made, and whose actor is not.
#pragma once

#include "actors/messages.hpp"
#include "actors/partition_actor.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <memory>
#include <mutex>

namespace braid {

/// Wakes a partition actor that may not be spawned yet, from any thread.
class alarm_clock {
public:
  void set(const caf::actor& target) {
    std::lock_guard guard{mutex_};
    target_ = caf::actor_cast<caf::actor_addr>(target);
  }

  void ring() {
    std::lock_guard guard{mutex_};
    if (auto target = caf::actor_cast<caf::actor>(target_))
      caf::anon_send(target, tick_atom::value, event_time{0});
  }

private:
  std::mutex mutex_;
  // Weak: the partition's reader holds this clock.
  caf::actor_addr target_;
};

struct made_partition {
  partition_body body;
  generation_number generation = 0;
  std::shared_ptr<alarm_clock> alarm;
};

} // namespace braid
