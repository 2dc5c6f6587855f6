// Reads the savepoints on a node that supervises, away from those who must not
// wait for a disk.
#pragma once

#include "actors/messages.hpp"
#include "actors/savepoint_origin.hpp"

#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <filesystem>
#include <map>
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

struct savepoint_keeper_state {
  static inline const char* name = "savepoint_keeper";

  std::filesystem::path folder;
  /// Of savepoints that are under way or have failed, the newest last.
  std::vector<savepoint_report> orders;
  std::map<run_id, std::shared_ptr<savepoint_origin>> origins;
};

/// Receives `open_savepoint` (a name; answers `opened_savepoint`),
/// `control_request` about savepoints, `savepoint_report` (one under way has
/// news), `savepoint_pruning` and `run_origin`.
caf::behavior
savepoint_keeper(caf::stateful_actor<savepoint_keeper_state>* self,
                 std::filesystem::path folder);

using open_savepoint_atom = caf::atom_constant<caf::atom("opensp")>;

} // namespace braid

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::opened_savepoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::run_origin)
