#include "actors/partition_actor.hpp"

#include "actors/messages.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <utility>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<partition_actor_state>*;

event_time wall_clock() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch())
    .count();
}

std::int64_t steady_ns() {
  return std::chrono::nanoseconds{
    std::chrono::steady_clock::now().time_since_epoch()}
    .count();
}

void fail(self_pointer self, partition_failure failure) {
  auto& state = self->state;
  state.over = true;
  state.body.load->state = partition_state::failed;
  failure.epoch = state.body.load->epoch + 1;
  state.body.ended(failure);
}

/// Has the clock call at `at`, unless it will earlier.
void wake_at(self_pointer self, event_time at, event_time now) {
  auto& state = self->state;
  if (state.wake_at != 0 && state.wake_at <= at)
    return;
  state.wake_at = at;
  auto wait = std::chrono::microseconds{std::max<event_time>(at - now, 100)};
  self->delayed_send(self, wait, tick_atom::value, at);
}

void work(self_pointer self) {
  auto& state = self->state;
  auto& load = *state.body.load;
  auto begin = steady_ns();
  auto now = wall_clock();
  load.busy_since_ns = begin;
  auto result = state.body.logic->step(now);
  load.busy_since_ns = 0;
  auto end = steady_ns();
  if (result.worked)
    load.busy_ns += static_cast<std::uint64_t>(end - begin);
  partition_state now_is = load.state;
  load.note_blocked(
    now_is == partition_state::blocked || now_is == partition_state::held, end);
  if (result.done) {
    if (!std::exchange(state.done, true))
      state.body.ended({});
  } else if (result.worked) {
    // What came meanwhile is read first.
    state.work_queued = true;
    self->send(self, work_atom::value);
  } else if (result.wake_at) {
    wake_at(self, *result.wake_at, now);
  }
}

/// Handles a message with `take`, then does what there is to do.
template <class Take>
void handle(self_pointer self, Take&& take) {
  auto& state = self->state;
  if (state.over)
    return;
  try {
    take(*state.body.logic);
    if (state.started && !state.work_queued)
      work(self);
  } catch (const operator_error& error) {
    fail(self, {error.what(), true, 0, error.tuple()});
  } catch (const protocol_error& error) {
    fail(self, {error.what(), false, 0, {}});
  } catch (const std::exception& error) {
    fail(self, {error.what(), true, 0, {}});
  }
}

/// Decoding what comes from other nodes is work that epochs make, too.
void take_frames(self_pointer self, partition& logic,
                 const frame_arrival& arrived) {
  auto begin = steady_ns();
  auto decode = self->state.body.decoders.at(arrived.from.edge);
  for (auto& frame : arrived.frames)
    logic.on_batch(arrived.from, read_batch(frame, decode));
  self->state.body.load->busy_ns +=
    static_cast<std::uint64_t>(steady_ns() - begin);
}

/// Takes the run's new placement in.
void route(self_pointer self, reroute& x) {
  auto& state = self->state;
  auto routes = x.routes;
  state.body.out->route(std::move(x.routes), std::move(x.holders));
  state.body.logic->on_placement(routes->owners, routes->hand_overs);
  // The copy of its end may be gone with a holder, and there is no later one.
  if (state.done && state.body.backs_up)
    state.body.out->send_checkpoint(state.body.logic->checkpoint());
}

void listen(self_pointer self) {
  routed_outbox::callbacks whom;
  whom.backed_up = self->state.body.backed_up;
  whom.not_kept = self->state.body.not_kept;
  whom.wished = self->state.body.wished;
  whom.left_out = self->state.body.refused;
  whom.caught_up = self->state.body.caught_up;
  // Not at once: it may be told amidst a step.
  whom.cuts_held = [=](epoch_number epoch) {
    self->send(self, cuts_held{epoch});
  };
  self->state.body.out->tell(std::move(whom));
}

/// All that is not about epochs.
caf::message_handler control_handlers(self_pointer self) {
  return {
    [=](reroute& x) { handle(self, [&](partition&) { route(self, x); }); },
    [=](const channel_renewal& x) {
      handle(self, [&](partition& logic) {
        logic.renew_channel(x.edge, x.from, x.generation);
      });
    },
    [=](const reconnection& x) {
      handle(self,
             [&](partition&) { self->state.body.out->on_reconnected(x.node); });
    },
    [=](const receipt_arrival<backup_receipt>& x) {
      handle(self, [&](partition&) {
        self->state.body.out->on_receipt(x.from, x.receipt);
      });
    },
    // At once: closes wait for it, and the next message may be a whole epoch's
    // work.
    [=](const receipt_arrival<cuts_receipt>& x) {
      handle(self, [&](partition& logic) {
        auto& out = *self->state.body.out;
        if (auto held = out.on_receipt(x.from, x.receipt))
          logic.on_cuts_held(*held);
      });
    },
    [=](const cuts_held& x) {
      handle(self, [&](partition& logic) { logic.on_cuts_held(x.epoch); });
    },
    [=](const stable_notice& x) {
      handle(self, [&](partition& logic) {
        logic.on_stable(x.epoch);
        self->state.body.out->on_stable(x.epoch, logic.is_shadow());
      });
    },
    [=](const checkpoints_begin& x) {
      self->state.body.backs_up = true;
      handle(self, [&](partition& logic) { logic.take_checkpoints(x.how); });
    },
    [=](const replay_room&) {
      handle(self, [](partition& logic) { logic.on_replay_room(); });
    },
    [=](const named_checkpoint& x) {
      handle(self, [&](partition& logic) {
        if (!logic.name_checkpoint(x.epoch))
          self->state.body.refused(x.epoch);
      });
    },
    [=](const stop_for_successors& x) {
      handle(self, [&](partition& logic) {
        self->state.body.stopped(x.generation, logic.stop_for_successors());
      });
    },
  };
}

} // namespace

caf::behavior partition_actor(self_pointer self, partition_body body) {
  self->state.body = std::move(body);
  listen(self);
  return caf::message_handler{
    [=](start_atom) {
      self->state.started = true;
      handle(self, [](partition&) {});
    },
    [=](resume_atom) {
      self->state.started = true;
      handle(self, [](partition& logic) { logic.ask_for_replay(); });
      // It may have been done in a savepoint; others hold no copy of that.
      if (self->state.done && self->state.body.backs_up)
        self->state.body.out->send_checkpoint(
          self->state.body.logic->checkpoint());
    },
    [=](batch_arrival& x) {
      handle(self, [&](partition& logic) {
        for (auto& batch : x.batches)
          logic.on_batch(x.from, std::move(batch));
      });
    },
    [=](frame_arrival& x) {
      handle(self, [&](partition& logic) { take_frames(self, logic, x); });
    },
    [=](const close_notice& x) {
      handle(self, [&](partition& logic) { logic.on_close(x); });
    },
    [=](const credit_notice& x) {
      handle(self, [&](partition& logic) { logic.on_credit(x); });
    },
    [=](work_atom) {
      self->state.work_queued = false;
      handle(self, [](partition&) {});
    },
    [=](tick_atom, event_time at) {
      if (self->state.wake_at == at)
        self->state.wake_at = 0;
      handle(self, [](partition&) {});
    },
  }
    .or_else(control_handlers(self));
}

} // namespace braid
