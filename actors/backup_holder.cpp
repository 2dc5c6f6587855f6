#include "actors/backup_holder.hpp"

#include "actors/log.hpp"

#include <caf/all.hpp>

#include <utility>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<backup_holder_state>*;

/// Without the part the others must not look like all that the node has.
void take_part(self_pointer self, const backup_arrival& arrived) {
  auto& state = self->state;
  auto& [from, frame, ticket] = arrived;
  auto head = read_recovered_head(frame);
  if (state.void_parts.is_void(from, head.run, head.incarnation))
    return;
  try {
    auto part = read_recovered_part(frame);
    part.ticket = ticket;
    self->send(state.given.home, std::move(part));
  } catch (const decode_error& error) {
    state.void_parts.on_generation(head.run, head.incarnation);
    state.void_parts.on_down(from);
    state.given.link->break_connection(from, error.what());
  }
}

void keep(self_pointer self, const backup_arrival& arrived) {
  auto& state = self->state;
  auto& [from, frame, ticket] = arrived;
  auto& link = *state.given.link;
  switch (static_cast<backup_frame_kind>(frame.kind())) {
    case backup_frame_kind::backup: {
      auto backup = read_partition_backup(frame);
      if (state.runs.contains(backup.run))
        link.send(from, to_frame(state.held->put(std::move(backup))));
      return;
    }
    case backup_frame_kind::cuts: {
      auto cuts = read_source_cuts(frame);
      if (state.runs.contains(cuts.run))
        link.send(from, to_frame(state.held->put(std::move(cuts))));
      return;
    }
    default:
      take_part(self, arrived);
  }
}

void on_backup(self_pointer self, const backup_arrival& arrived) {
  try {
    keep(self, arrived);
  } catch (const std::exception& error) {
    // No receipt: the checkpoint is never complete, and the next one may be.
    log("data")->error("did not keep a backup from {}: {}", arrived.from,
                       error.what());
  }
}

void send_copies(self_pointer self, const recovery& what) {
  auto& state = self->state;
  auto& plan = what.plan;
  state.runs.insert(plan.run);
  state.held->forget_shadows(plan.run);
  for (auto& lost : what.lost)
    state.held->fence(plan.run, lost, what.stable);
  for (auto& lost : what.lost) {
    auto& owners = plan.owners.at(lost.place.id);
    auto& host = plan.nodes.at(owners.nodes.at(lost.place.index)).name;
    auto found = state.held->hand_out(
      plan.run, lost, what.stable, [&](recovered_part part) {
        if (host == state.given.node)
          self->send(state.given.home, std::move(part));
        else
          state.given.link->send(host, to_frame(std::move(part)));
      });
    if (!found.damaged.empty() || found.partition_damaged)
      log("topology")
        ->error("backups here of {} are damaged; another copy is needed",
                place_name(lost.place));
  }
}

void keep_own(self_pointer self, const own_backup& own) {
  auto& state = self->state;
  if (!state.runs.contains(own.backup.run))
    return;
  auto receipt = state.held->put(own.backup);
  if (own.answer_to)
    return self->send(own.answer_to, receipt_arrival<backup_receipt>{
                                       state.given.node, receipt});
  if (receipt.result != put_result::stored
      && receipt.result != put_result::known)
    log("topology")
      ->warn("{} has no copy here for savepoints: {}",
             place_name(own.backup.place), to_string(receipt.result));
}

void keep_own(self_pointer self, const own_cuts& own) {
  auto& state = self->state;
  if (state.runs.contains(own.cuts.run))
    self->send(own.answer_to, receipt_arrival<cuts_receipt>{
                                state.given.node, state.held->put(own.cuts)});
}

// -- savepoints ---------------------------------------------------------------

void release(self_pointer self, const copies_release& what) {
  self->state.pinned.release(what.run);
  if (what.forget)
    self->state.held->drop_run(what.run);
}

control_reply answer(self_pointer self, const control_request& asked) {
  auto& state = self->state;
  try {
    switch (asked.kind) {
      case request_kind::pin_copies: {
        auto what = from_body<run_epoch>(asked.body);
        return {"",
                to_body(state.pinned.pin(*state.held, what.run, what.epoch))};
      }
      case request_kind::release_copies:
        release(self, from_body<copies_release>(asked.body));
        return {};
      default:
        return {"", to_body(state.pinned.pieces(
                      from_body<content_request>(asked.body)))};
    }
  } catch (const std::exception& error) {
    return {"node '" + state.given.node + "': " + error.what(), {}, false};
  }
}

// -- folding ------------------------------------------------------------------

/// One slice a message, so that backups and recoveries need not wait for all.
void fold_some(self_pointer self) {
  auto& state = self->state;
  auto more = true;
  try {
    more = state.held->fold_next();
  } catch (const std::exception& error) {
    log("topology")->error("backups here cannot be folded: {}", error.what());
  }
  state.folding = more;
  if (more)
    self->send(self, fold_atom::value);
}

void on_stable(self_pointer self, const run_epoch& stable) {
  auto& state = self->state;
  if (!state.runs.contains(stable.run))
    return;
  state.held->stable(stable.run, stable.epoch);
  if (!std::exchange(state.folding, true))
    self->send(self, fold_atom::value);
}

} // namespace

caf::behavior backup_holder(self_pointer self, holder_begin begin) {
  auto& state = self->state;
  state.given = std::move(begin);
  backup_store::settings limits;
  limits.limit = state.given.memory_limit;
  state.held.emplace(state.given.node, limits);
  auto note_bytes = [=] {
    *self->state.given.bytes = self->state.held->bytes();
  };
  return {
    [=](const backup_arrival& arrived) {
      on_backup(self, arrived);
      note_bytes();
    },
    [=](const own_backup& own) {
      keep_own(self, own);
      note_bytes();
    },
    [=](const own_cuts& own) {
      keep_own(self, own);
      note_bytes();
    },
    [=](const control_request& asked) {
      auto reply = answer(self, asked);
      note_bytes();
      return reply;
    },
    [=](const recovery& what) {
      send_copies(self, what);
      note_bytes();
    },
    [=](const run_epoch& stable) {
      on_stable(self, stable);
      note_bytes();
    },
    [=](fold_atom) {
      fold_some(self);
      note_bytes();
    },
    [=](open_run_atom, run_id run) { self->state.runs.insert(run); },
    [=](drop_run_atom, run_id run) {
      self->state.runs.erase(run);
      self->state.held->drop_run(run);
      self->state.void_parts.forget(run);
      note_bytes();
    },
  };
}

} // namespace braid
