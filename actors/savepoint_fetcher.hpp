// Brings to a node what of a savepoint its partitions begin with.
#pragma once

#include "actors/messages.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <string>

namespace braid {

/// As who the savepoint answers when the nodes of a run are asked what they
/// hold: no node is called so.
inline constexpr auto savepoint_holder = "the savepoint";

/// What a fetcher begins with.
struct fetching_begin {
  run_id run = 0;
  epoch_number epoch = 0;
  std::deque<lost_partition> places; ///< to be made here
  caf::actor from; ///< the node supervisor that has the savepoint
  caf::actor home; ///< this node's
  std::chrono::microseconds limit{}; ///< for one answer
};

struct savepoint_fetcher_state {
  static inline const char* name = "savepoint_fetcher";

  std::unique_ptr<fetching_begin> given;
  std::unique_ptr<content_stream> stream; ///< of the first place
  recovered_part part;
  byte_buffer content; ///< of the slice at hand
};

/// Sends a `recovered_part` home for each place, or a `partition_event` that
/// says why that cannot be; ends by itself.
caf::behavior
savepoint_fetcher(caf::stateful_actor<savepoint_fetcher_state>* self,
                  const std::shared_ptr<fetching_begin>& begin);

} // namespace braid
