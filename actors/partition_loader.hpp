// Loads the state of a partition that takes a lost one's place, slice by slice,
// while the rest of it is still on its way.
#pragma once

#include "actors/arrival_window.hpp"
#include "actors/partition.hpp"
#include "actors/protocol.hpp"
#include "actors/wire.hpp"

#include "checkpoint/slice_copy.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What a partition loader begins with.
struct loader_begin {
  run_id run = 0;
  partition_place place;
  generation_number generation = 0;
  std::string operator_name;
  /// Nobody else may touch it until `partition_loaded` is there.
  std::shared_ptr<partition> logic;
  caf::actor home;
};

/// Some slices are here.
struct arrived_slices {
  std::map<slice_id, slice_copy> slices;
  arrival_window::ticket ticket; ///< until they are loaded
};

/// That was all: what belongs to no slice, and any slices that are left.
struct loading_end {
  partition_checkpoint rest;
  std::vector<slice_id> held; ///< see `restoring`
};

/// The partition can begin, or cannot be made.
struct partition_loaded {
  run_id run = 0;
  partition_place place;
  generation_number generation = 0;
  std::string error; ///< for the user; empty: it can
};

struct partition_loader_state {
  static inline const char* name = "partition_loader";

  loader_begin given;
  std::string error;
};

/// Receives `arrived_slices` and, at last, `loading_end`; then sends
/// `partition_loaded` home, and ends.
caf::behavior
partition_loader(caf::stateful_actor<partition_loader_state>* self,
                 loader_begin begin);

} // namespace braid

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::arrived_slices)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::loading_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::partition_loaded)
