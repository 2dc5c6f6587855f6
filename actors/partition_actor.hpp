// The actor around a partition's logic.
#pragma once

#include "actors/data_plane.hpp"
#include "actors/partition.hpp"

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
  /// Called once, when it is done (empty reason) or has failed.
  std::function<void(const std::string& reason)> ended;
};

struct partition_actor_state {
  static inline const char* name = "partition";

  partition_body body;
  bool started = false;
  bool over = false;
  bool work_queued = false;
  std::int64_t wake_at = 0; ///< of the earliest tick under way, 0 if none
};

/// Does an epoch's work whenever there is some and it was started; between two
/// epochs it reads its mailbox. Its logic's exceptions end the partition.
///
/// Receives `start`, `batch_arrival`, `frame_arrival`, `close_notice`,
/// `credit_notice`, `work` (more to do) and `tick` (the clock).
caf::behavior partition_actor(caf::stateful_actor<partition_actor_state>* self,
                              partition_body body);

} // namespace braid
