#include "actors/topology_checkpoints.hpp"

#include "actors/log.hpp"
#include "actors/topology_steps.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<topology_supervisor_state>*;

/// Between two looks whether it is time.
checkpoint_naming::duration longest_wait(self_pointer self) {
  std::chrono::microseconds interval{
    self->state.logic->plan().settings.checkpoint_interval_us};
  return std::min<checkpoint_naming::duration>(interval,
                                               std::chrono::seconds{1});
}

/// Tells why no epoch becomes stable.
void warn_of_overdue(self_pointer self, epoch_number named) {
  auto& state = self->state;
  auto& report = state.given.report;
  std::string missing;
  for (auto& slice : state.logic->missing(named))
    missing += " " + report.operators.at(slice.of).name + "/slice "
               + std::to_string(slice.slice);
  log("topology")
    ->warn("{}: the checkpoint of epoch {} is overdue; missing:{}", report.name,
           named, missing);
}

/// Asks how far partitions are, and names an epoch ahead of them all.
void begin_naming(self_pointer self) {
  auto& state = self->state;
  auto number = ++state.gatherings;
  state.gathering = true;
  ask_for_newest(self, [=](std::optional<epoch_number> newest) {
    auto& now = self->state;
    if (number != now.gatherings)
      return;
    now.gathering = false;
    if (newest)
      tell_named_checkpoint(
        self, now.naming.name(*newest, checkpoint_naming::clock::now()));
  });
}

} // namespace

void ask_for_newest(caf::stateful_actor<topology_supervisor_state>* self,
                    const newest_heard& then) {
  topology_steps::ask_nodes(
    self, request_kind::newest_epoch,
    [then](const std::optional<topology_steps::node_answers>& all) {
      if (!all)
        return then(std::nullopt);
      epoch_number newest = 0;
      for (auto& answer : *all)
        newest = std::max(newest, from_body<run_epoch>(answer).epoch);
      then(newest);
    });
}

void tell_named_checkpoint(caf::stateful_actor<topology_supervisor_state>* self,
                           epoch_number epoch) {
  auto& state = self->state;
  auto& logic = *state.logic;
  auto command = request_of(request_kind::name_checkpoint,
                            run_epoch{logic.plan().run, epoch});
  command.decided_in = state.given.incarnation;
  for (node_index node = 0; node < state.given.nodes.size(); ++node)
    if (logic.is_alive(node))
      self->send(state.given.nodes[node], command);
}

void name_checkpoint_if_due(
  caf::stateful_actor<topology_supervisor_state>* self) {
  auto& state = self->state;
  auto& logic = *state.logic;
  if (!state.takes_checkpoints() || logic.state() != run_state::running
      || logic.is_recovering() || state.coming_back || state.gathering)
    return;
  auto named = state.naming.named();
  auto now = checkpoint_naming::clock::now();
  if (state.naming.is_due(now)) {
    if (named > logic.stable())
      warn_of_overdue(self, named);
    return begin_naming(self);
  }
  auto wait = state.naming.due_at() - now;
  if (wait < longest_wait(self) && !std::exchange(state.look_queued, true))
    self->delayed_send(self, wait, look_atom::value);
}

void on_checkpoint_tick(caf::stateful_actor<topology_supervisor_state>* self) {
  if (is_over(self->state.logic->state()))
    return;
  self->delayed_send(self, longest_wait(self), tick_atom::value);
  name_checkpoint_if_due(self);
}

/// A node that is lost may never answer.
void on_checkpoint_loss(caf::stateful_actor<topology_supervisor_state>* self) {
  auto& state = self->state;
  state.naming.on_loss();
  state.gathering = false;
  ++state.gatherings;
  name_checkpoint_if_due(self);
}

void on_wish(caf::stateful_actor<topology_supervisor_state>* self,
             const checkpoint_wish& wish) {
  self->state.naming.on_wish(wish.epoch);
  name_checkpoint_if_due(self);
}

void on_not_kept(caf::stateful_actor<topology_supervisor_state>* self,
                 const checkpoint_refusal& refusal) {
  auto& state = self->state;
  // All who were to keep a part may say so.
  if (refusal.epoch != state.naming.named())
    return;
  log("topology")
    ->warn("{}: the checkpoint of epoch {} is void: {}",
           state.given.report.name, refusal.epoch, refusal.reason);
  state.naming.on_not_kept(refusal.epoch, checkpoint_naming::clock::now());
  name_checkpoint_if_due(self);
}

} // namespace braid
