// One instance of a partition in the simulator, and who is to be called when.
#pragma once

#include "actors/checkpoint_sender.hpp"
#include "actors/cut_sender.hpp"
#include "actors/partition.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulator {

/// A partition's logic with what a node keeps beside it.
struct simulated_instance {
  partition_place place;
  node_index node = 0;
  incarnation_number incarnation = 0;
  std::string name;
  std::unique_ptr<outbox> out;
  std::unique_ptr<partition> logic;
  checkpoint_sender checkpoints;
  cut_sender cuts;
  /// How epochs ended of which no close was sent.
  std::map<epoch_number, std::vector<source_cut>> told{};
  epoch_number seen = 0;     ///< up to here, one was
  epoch_number last_cut = 0; ///< whose cuts were sent
  /// The newest epoch whose cuts were known of the instance before.
  epoch_number known_cuts = 0;
  /// Of channels from upstream that began anew. For planted bugs, as is what a
  /// partition was not told.
  std::map<std::pair<edge_id, partition_index>, generation_number> channels{};
  std::map<std::pair<edge_id, partition_index>, generation_number> hidden{};
  /// Nanoseconds spent when checkpoints were taken, beyond the stable one; and
  /// when that was.
  std::map<epoch_number, std::uint64_t> busy_at{};
  std::uint64_t busy_when_stable = 0;
  std::uint32_t slowness = 1;     ///< is called so many times less often
  std::uint64_t told_busy_ns = 0; ///< what supervisors believe
  bool started = false;
  bool ended = false; ///< when it was restored
  bool ready = false; ///< has a place in the schedule
  bool done = false;
  std::optional<event_time> wake_at{};
};

/// The instances that may have something to do, and those that wait for the
/// clock.
class simulated_schedule {
public:
  const std::vector<simulated_instance*>& ready() const {
    return ready_;
  }

  /// The earliest time at which somebody is to be called.
  event_time next_wake() const {
    return next_wake_;
  }

  void make_ready(simulated_instance& x);

  /// Until it is made ready, or until some time.
  void put_to_sleep(simulated_instance& x, std::optional<event_time> until);

  void wake_sleepers(event_time now);

  /// It is about to be gone.
  void remove(simulated_instance& x);

private:
  std::vector<simulated_instance*> ready_;
  std::vector<simulated_instance*> asleep_;
  event_time next_wake_ = end_of_time;
};

} // namespace braid::simulator
