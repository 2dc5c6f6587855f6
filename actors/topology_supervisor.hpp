// One per run of a topology, on the supervising node.
#pragma once

#include "actors/checkpoint_naming.hpp"
#include "actors/deployment.hpp"
#include "actors/messages.hpp"
#include "actors/run_logic.hpp"
#include "actors/supervisor_savepoints.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace braid {

/// What a topology supervisor begins with.
struct run_begin {
  deployment plan;
  run_report report;               ///< operators in the order of their ids
  std::vector<caf::actor> nodes;   ///< node supervisors, by node_index
  caf::actor home;                 ///< this node's node supervisor
  std::chrono::microseconds limit; ///< for one command to one node
  savepoint_begin savepoints;
};

struct topology_supervisor_state {
  static inline const char* name = "topology_supervisor";

  run_begin given;
  std::unique_ptr<run_logic> logic;
  std::vector<caf::actor> operators;
  checkpoint_naming naming{{}, {}};
  /// Counts the times that partitions were asked how far they are, and those
  /// of which the answers do not matter any more.
  unsigned gatherings = 0;
  bool gathering = false;
  bool look_queued = false; ///< whether it is time to name one early
  supervisor_savepoints savepoints;

  /// Regularly, not just for savepoints.
  bool takes_checkpoints() const {
    return given.plan.settings.checkpoint_interval_us != 0
           && given.plan.nodes.size() > 1;
  }
};

/// Deploys a run, starts it, names its checkpoints, brings it back after the
/// loss of nodes, and stops it when it is over.
///
/// Receives `partition_event`, `checkpoint_report`, `operator_report`,
/// `link_down` (a node of the run is lost), `node_joined`, `link_report`,
/// `tick` (name a checkpoint), `checkpoint_wish`, `run_epoch` (a source refuses
/// it), `checkpoint_refusal` (a holder does), what is about savepoints, and
/// `stop` (the user cancels); sends its `run_report` home whenever that
/// changes.
caf::behavior
topology_supervisor(caf::stateful_actor<topology_supervisor_state>* self,
                    run_begin begin);

} // namespace braid
