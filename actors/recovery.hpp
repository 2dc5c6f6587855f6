// What nodes are told, and tell, about a run that goes on after a loss.
#pragma once

#include "actors/backup_messages.hpp"
#include "actors/deployment.hpp"
#include "actors/partition_failure.hpp"
#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"

#include <string>
#include <utility>
#include <vector>

namespace braid {

/// First half of a recovery: from now on the run is placed so. Living nodes
/// fence what is lost, hand over what they hold of it, and make the instances
/// that they are to host. Again, with a higher generation, if more is lost
/// before it is over.
struct recovery {
  deployment plan; ///< with new owners for what is lost
  generation_number generation = 0;
  epoch_number stable = 0;
  /// The run has yet to begin from its savepoint: sinks are cut back to that.
  bool goes_back = false;
  std::vector<lost_partition> lost;
  std::vector<node_index> alive; ///< ascending
  /// What becomes dead letters in epochs that are not stable. All nodes know
  /// them before any instance goes by them.
  std::vector<skipped_tuple> skipped;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& plan& generation& stable& goes_back& lost& alive& skipped;
  }
};

/// Second half, once all living nodes have done the first: data flows again.
struct resumption {
  run_id run = 0;
  generation_number generation = 0;
  bool starts = false; ///< not all partitions have been started yet
  /// Channels from these begin anew: they were restored, by this recovery or by
  /// one that not all are known to have resumed, or go on after a hand-over
  /// that was interrupted.
  std::vector<partition_place> restored;
  /// Channels between these nodes begin anew: their connection broke.
  std::vector<std::pair<node_index, node_index>> reconnected;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& generation& starts& restored& reconnected;
  }
};

/// How the run is placed now, after a hand-over has come further.
struct placement_change {
  deployment plan;
  generation_number generation = 0; ///< of the latest recovery or hand-over

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& plan& generation;
  }
};

/// In a hand-over, a successor has caught up, or an origin has stopped.
struct hand_over_notice {
  run_id run = 0;
  partition_place place;
  generation_number generation = 0; ///< of the hand-over
  /// Before which the origin has stopped; 0: of a successor.
  epoch_number epoch = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& place& generation& epoch;
  }
};

/// A partition's checkpoint is backed up.
struct checkpoint_report {
  run_id run = 0;
  partition_place place;
  generation_number generation = 0; ///< of the instance
  epoch_number epoch = 0;
  bool ended = false;        ///< it is good for all later epochs as well
  std::uint64_t busy_ns = 0; ///< that the instance has spent so far
  std::uint64_t bytes = 0;   ///< of the checkpoint, with all replicas

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& place& generation& epoch& ended& busy_ns& bytes;
  }
};

/// A checkpoint after `epoch` should not wait for its time: replay buffers
/// fill, or a loss would cost too much work.
struct checkpoint_wish {
  run_id run = 0;
  epoch_number epoch = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch;
  }
};

/// A partition's checkpoint is not kept by a node that was to.
struct checkpoint_refusal {
  run_id run = 0;
  epoch_number epoch = 0;
  std::string reason; ///< for the user

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch& reason;
  }
};

/// The data link to another node of a run broke; both may live.
struct link_report {
  run_id run = 0;
  std::string node;
  std::string peer;
  std::string reason;
  bool given_up = false; ///< connecting again has failed for too long

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& node& peer& reason& given_up;
  }
};

/// Something about an epoch of a run: it is stable, or checkpoints are to be
/// taken after it, or a source has come to it.
struct run_epoch {
  run_id run = 0;
  epoch_number epoch = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch;
  }
};

} // namespace braid
