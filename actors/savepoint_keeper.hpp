// Reads the savepoints on a node that supervises, away from those who must not
// wait for a disk.
#pragma once

#include "actors/messages.hpp"
#include "actors/savepoint_origins.hpp"

#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// A savepoint that was opened and read from end to end.
struct opened_savepoint {
  std::shared_ptr<const savepoint_input> file; ///< null: see `error`
  std::string error;
};

/// A run begins from a savepoint; null: nobody will ask for it any more.
struct run_origin {
  run_id run = 0;
  std::shared_ptr<savepoint_origin> origin;
};

/// An earlier life of this node has begun a run from a savepoint, and no later
/// epoch is stable: what the run has lost meanwhile will be asked for.
struct earlier_origin {
  deployment plan;
  std::shared_ptr<const topology> graph;
};

struct savepoint_keeper_state {
  static inline const char* name = "savepoint_keeper";

  std::filesystem::path folder;
  /// Of savepoints that are under way or have failed, the newest last.
  std::vector<savepoint_report> orders;
  savepoint_origins origins;
};

/// Receives `open_savepoint` (a name; answers `opened_savepoint`),
/// `control_request` about savepoints, `savepoint_report` (one under way has
/// news), `savepoint_pruning`, `run_origin` and `earlier_origin`.
caf::behavior
savepoint_keeper(caf::stateful_actor<savepoint_keeper_state>* self,
                 std::filesystem::path folder);

using open_savepoint_atom = caf::atom_constant<caf::atom("opensp")>;

} // namespace braid

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::opened_savepoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::run_origin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::earlier_origin)
