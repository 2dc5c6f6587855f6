// Makes the logic of one partition from the graph and the assignment.
#pragma once

#include "actors/partition.hpp"
#include "actors/source_logic.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace braid {

/// From where an instance that replaces a lost one goes on.
struct restoring {
  generation_number generation = 0; ///< of the recovery; at least 1
  /// What the lost one left behind; null: nothing, begin anew, or wait to be
  /// loaded.
  const partition_checkpoint* checkpoint = nullptr;
  /// The run goes back to that: a savepoint. What was written after it is void.
  bool goes_back = false;
  skipped_tuples skipped{}; ///< what its operator is to pass over
  bool shadow = false;      ///< it begins as a successor in a hand-over
  /// Slices whose copies in `checkpoint` are with those who are to hold them.
  std::vector<slice_id> held{};
  /// The epoch of the checkpoint that is loaded later.
  epoch_number loads = 0;
};

/// What all partitions of a topology are made from.
struct partition_settings {
  flow_settings flow;
  cut_settings cuts;
  checkpoint_settings checkpoints;
  bool round_trip_state = false; ///< see `instance_setup`
};

/// Whom a partition talks to.
struct partition_surroundings {
  outbox& out; ///< must outlive it
  /// Called, from any thread, when a waiting source has something again.
  std::function<void()> wake;
};

/// Makes the partition at `place`. Throws what a source or sink throws when it
/// cannot be opened, and `decode_error` if the checkpoint in `restored` is not
/// of this partition.
std::unique_ptr<partition> make_partition(const topology& graph,
                                          const assignment& owners,
                                          partition_place place,
                                          const partition_settings& settings,
                                          const partition_surroundings& around,
                                          const restoring& restored = {});

} // namespace braid
