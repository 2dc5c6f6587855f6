// What simulated nodes and their supervisor send each other.
#pragma once

#include "actors/backup_messages.hpp"
#include "actors/partition_failure.hpp"

#include "scaling/assignment.hpp"

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace braid::simulator {

struct batch_message {
  batch_origin from;
  batch_ptr tuples;
};

/// A lost partition and the node that is to host its successor.
struct replacement {
  lost_partition lost;
  node_index host = 0;
};

/// Begins a recovery: carries its fences.
struct recovery_order {
  generation_number generation = 0;
  epoch_number stable = 0;
  std::set<node_index> alive;
  std::vector<replacement> replacements;
  std::vector<skipped_tuple> skipped;
};

/// All that was to be restored on the node is there, and the fences are.
struct recovery_answer {
  generation_number generation = 0;
};

/// All nodes have answered.
struct start_order {
  generation_number generation = 0;
  std::vector<partition_place> restored;
};

/// What a node that is there from now on must know.
struct welcome {
  generation_number generation = 0;
  epoch_number stable = 0;
  std::set<node_index> alive;
  assignment owners;
  std::vector<lost_partition> fences;
};

struct node_joined {
  std::set<node_index> alive;
};

/// Nobody hears of a node any more.
struct node_lost {
  node_index node = 0;
};

/// A partition has failed on a node that lives on.
struct partition_failed {
  partition_place place;
  incarnation_number incarnation = 0;
  std::optional<partition_failure> why; ///< its code threw
};

/// A partition's checkpoint is backed up.
struct checkpoint_report {
  partition_place place;
  incarnation_number incarnation = 0;
  epoch_number epoch = 0;
  bool ended = false;
};

struct stable_notice {
  epoch_number epoch = 0;
};

/// Asks sources for a checkpoint after `epoch`.
struct naming {
  epoch_number epoch = 0;
};

/// Some source had closed that epoch before; `closed` is its newest.
struct naming_refused {
  epoch_number closed = 0;
};

using message =
  std::variant<batch_message, close_notice, credit_notice, partition_backup,
               backup_receipt, source_cuts, cuts_receipt, recovered_part,
               recovery_order, recovery_answer, start_order, welcome,
               node_joined, node_lost, partition_failed, checkpoint_report,
               stable_notice, naming, naming_refused>;

} // namespace braid::simulator
