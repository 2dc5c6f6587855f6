#include "actors/partition_actor.hpp"

#include "actors/messages.hpp"

#include <caf/all.hpp>

#include <chrono>

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

void end(self_pointer self, const std::string& reason) {
  auto& state = self->state;
  state.over = true;
  if (!reason.empty())
    state.body.load->state = partition_state::failed;
  state.body.ended(reason);
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
  if (result.worked)
    load.busy_ns += static_cast<std::uint64_t>(steady_ns() - begin);
  if (result.done) {
    end(self, "");
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
  } catch (const std::exception& error) {
    end(self, error.what());
  }
}

} // namespace

caf::behavior partition_actor(self_pointer self, partition_body body) {
  self->state.body = std::move(body);
  return {
    [=](start_atom) {
      self->state.started = true;
      handle(self, [](partition&) {});
    },
    [=](batch_arrival& x) {
      handle(self, [&](partition& logic) {
        for (auto& batch : x.batches)
          logic.on_batch(x.from, std::move(batch));
      });
    },
    [=](frame_arrival& x) {
      handle(self, [&](partition& logic) {
        auto decode = self->state.body.decoders.at(x.from.edge);
        for (auto& frame : x.frames)
          logic.on_batch(x.from, read_batch(frame, decode));
      });
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
  };
}

} // namespace braid
