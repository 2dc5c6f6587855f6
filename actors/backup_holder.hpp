// Keeps what other nodes back up on this one.
#pragma once

#include "actors/held_backups.hpp"
#include "actors/link.hpp"
#include "actors/messages.hpp"
#include "actors/pinned_copies.hpp"
#include "actors/void_channels.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace braid {

/// What a backup holder begins with.
struct holder_begin {
  std::string node; ///< this one
  std::uint64_t memory_limit = 0;
  link_layer* link = nullptr; ///< outlives the holder
  caf::actor home;            ///< this node's node supervisor
  /// How much is held, for others to read.
  std::shared_ptr<std::atomic<std::uint64_t>> bytes;
};

struct backup_holder_state {
  static inline const char* name = "backup_holder";

  holder_begin given;
  std::optional<held_backups> held;
  pinned_copies pinned;
  std::set<run_id>
    runs;               ///< others are over: late messages must not reopen them
  bool folding = false; ///< a `fold` is on its way
  void_channels void_parts; ///< they follow one that could not be read
};

/// Receives `backup_arrival`, `own_backup`, `own_cuts`, `recovery` (fences what
/// is lost and hands over what is held of it), `run_epoch` (is stable), `fold`
/// (from itself), `control_request` (copies for a savepoint), `open_run` and
/// `drop_run`. Sends receipts and parts of lost partitions over the link; parts
/// for this node, and those that arrive, go home. A part that cannot be read
/// breaks the connection, which begins another recovery.
caf::behavior backup_holder(caf::stateful_actor<backup_holder_state>* self,
                            holder_begin begin);

using fold_atom = caf::atom_constant<caf::atom("fold")>;
using open_run_atom = caf::atom_constant<caf::atom("openrun")>;
using drop_run_atom = caf::atom_constant<caf::atom("droprun")>;

} // namespace braid
