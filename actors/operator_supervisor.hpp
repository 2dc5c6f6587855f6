// One per operator of a run: knows its partitions and how far they are.
#pragma once

#include "actors/messages.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <set>

namespace braid {

struct operator_supervisor_state {
  static inline const char* name = "operator_supervisor";

  operator_report report;
  std::set<partition_index> done;
};

/// Counts its partitions that are done and tells `topology_supervisor` what has
/// changed.
///
/// Receives `partition_event`; sends `operator_report`, once on its own and
/// then after every event.
caf::behavior
operator_supervisor(caf::stateful_actor<operator_supervisor_state>* self,
                    const caf::actor& topology_supervisor,
                    operator_report report);

} // namespace braid
