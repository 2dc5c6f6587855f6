// One per run of a topology, on the supervising node.
#pragma once

#include "actors/checkpoint_naming.hpp"
#include "actors/deployment.hpp"
#include "actors/messages.hpp"
#include "actors/run_logic.hpp"
#include "actors/run_recorder.hpp"
#include "actors/run_scaling.hpp"
#include "actors/supervisor_journal.hpp"
#include "actors/supervisor_savepoints.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
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
  scaling_settings scaling;
  std::uint64_t incarnation = 0;               ///< of this node
  std::shared_ptr<supervisor_journal> journal; ///< null: none is kept
  // Of a run that an earlier life of this node has led: `nodes` are null.
  std::optional<saved_run> saved;
  std::optional<node_joined> own; ///< this node, if it may take part again
  std::chrono::microseconds return_limit{}; ///< for nodes to come back
};

/// The nodes of a run that is led on, until all are back.
struct run_return {
  std::set<node_index> awaited;
  std::set<node_index> returned;
  std::vector<node_joined> joined; ///< may take part once all are back
  bool started = true; ///< false: nobody can have been told to start
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
  run_recorder<supervisor_journal> recorder;
  /// Decided, but nobody may be told before it is written down.
  run_logic::actions undecided;
  std::string journal_trouble; ///< why that is not possible now
  std::optional<run_scaling> scaling;
  unsigned measurements = 0; ///< that were begun
  /// When the report began to ask for nodes.
  run_scaling::time nodes_wanted_since{};
  /// Of the newest hand-over, which must be committed in time.
  generation_number timed_hand_over = 0;
  unsigned stopping = 0; ///< nodes that have not told their last figures
  std::optional<run_return> coming_back;

  /// Regularly, not just for savepoints.
  bool takes_checkpoints() const {
    return logic->plan().checkpoints;
  }
};

/// Deploys a run, starts it, names its checkpoints, brings it back after the
/// loss of nodes, and stops it when it is over.
///
/// Receives `partition_event`, `checkpoint_report`, `operator_report`,
/// `link_down` (a node of the run is lost), `node_joined`, `link_report`,
/// `measure` (how busy partitions are), `tick` (name a checkpoint),
/// `checkpoint_wish`, `run_epoch` (a source refuses it), `checkpoint_refusal`
/// (a holder does), what is about savepoints, `work` (try the journal again),
/// `start` (who is not back by now is lost) and `stop` (the user cancels);
/// sends its `run_report` home whenever that changes.
caf::behavior
topology_supervisor(caf::stateful_actor<topology_supervisor_state>* self,
                    run_begin begin);

} // namespace braid
