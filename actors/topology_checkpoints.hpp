// How a topology supervisor has checkpoints taken: when, and after which epoch.
#pragma once

#include "actors/topology_supervisor.hpp"

#include <functional>
#include <optional>

namespace braid {

using look_atom = caf::atom_constant<caf::atom("look")>;

/// The epoch of the furthest partition; nothing if some node did not say.
using newest_heard = std::function<void(std::optional<epoch_number>)>;

/// Asks how far partitions are. `then` is not called if the run is over by the
/// time of the answers, or recovers.
void ask_for_newest(caf::stateful_actor<topology_supervisor_state>* self,
                    const newest_heard& then);

/// Tells sources after which epoch to take a checkpoint.
void tell_named_checkpoint(caf::stateful_actor<topology_supervisor_state>* self,
                           epoch_number epoch);

/// Names a checkpoint if it is time. If it soon will be, for one that somebody
/// wishes for, the actor gets a `look`.
void name_checkpoint_if_due(
  caf::stateful_actor<topology_supervisor_state>* self);

/// Looks every interval, but at least every second, by a `tick`.
void on_checkpoint_tick(caf::stateful_actor<topology_supervisor_state>* self);

/// What is on its way will not be complete: something was lost, and the run
/// goes on without it.
void on_checkpoint_loss(caf::stateful_actor<topology_supervisor_state>* self);

void on_wish(caf::stateful_actor<topology_supervisor_state>* self,
             const checkpoint_wish& wish);

/// A node does not keep a part of a checkpoint: it will never be complete.
void on_not_kept(caf::stateful_actor<topology_supervisor_state>* self,
                 const checkpoint_refusal& refusal);

} // namespace braid
