// The actor around a partition's logic.
#pragma once

#include "actors/partition.hpp"
#include "actors/partition_failure.hpp"
#include "actors/routed_outbox.hpp"

#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <memory>

namespace braid {

/// What a partition actor is made of.
struct partition_body {
  partition_place place;
  std::shared_ptr<routed_outbox> out; ///< what `logic` sends to
  std::shared_ptr<partition> logic;
  std::vector<batch_decoder> decoders; ///< by edge
  std::shared_ptr<partition_load> load;
  bool backs_up = false; ///< its checkpoints, on other nodes
  /// Called once, when it is done (no reason) or has failed.
  std::function<void(const partition_failure&)> ended;
  std::function<void(const checkpoint_sender::completion&)> backed_up;
  std::function<void(epoch_number, const std::string& reason)> not_kept;
  std::function<void(epoch_number)> wished;  ///< a checkpoint after it
  std::function<void(epoch_number)> refused; ///< to take a checkpoint after it
  std::function<void()> caught_up;           ///< as a shadow
  /// As the origin of the hand-over of that generation: before that epoch.
  std::function<void(generation_number, epoch_number)> stopped;
};

/// Messages go by other ways from now on.
struct reroute {
  std::shared_ptr<const run_routes> routes;
  backup_holders holders;
};

/// The connection to a node stands again.
struct reconnection {
  node_index node = 0;
};

struct partition_actor_state {
  static inline const char* name = "partition";

  partition_body body;
  bool started = false;
  bool over = false; ///< it has failed
  bool done = false; ///< but may be asked for what it has sent
  bool work_queued = false;
  std::int64_t wake_at = 0; ///< of the earliest tick under way, 0 if none
};

/// Does an epoch's work whenever there is some and it was started; between two
/// epochs it reads its mailbox. Its logic's exceptions end the partition.
///
/// Receives what the logic and the outbox take (batches, closes, credits,
/// receipts, notices), `start` or, if it replaces a lost instance, `resume`,
/// `reroute`, `reconnection`, `stop_for_successors`, `work` (more to do) and
/// `tick` (the clock).
caf::behavior partition_actor(caf::stateful_actor<partition_actor_state>* self,
                              partition_body body);

} // namespace braid

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::reroute)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::reconnection)
