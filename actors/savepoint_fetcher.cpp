#include "actors/savepoint_fetcher.hpp"

#include "actors/held_backups.hpp"

#include "checkpoint/checksum.hpp"

#include <caf/all.hpp>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<savepoint_fetcher_state>*;

/// A node that is lost is told by others; until then it is asked again.
constexpr auto patience = std::chrono::seconds{1};

void fail(self_pointer self, const std::string& reason) {
  auto& given = *self->state.given;
  auto& lost = given.places.front();
  self->send(given.home,
             partition_event{given.run,
                             lost.place.id,
                             lost.place.index,
                             lost.successor,
                             true,
                             {"cannot begin from the savepoint: " + reason,
                              false, 0, std::nullopt}});
  self->quit();
}

void take(self_pointer self, const content_piece& piece) {
  auto& state = self->state;
  if (piece.offset == 0)
    state.content = {};
  state.content.append(std::as_bytes(std::span{piece.bytes}));
  if (!piece.is_last())
    return;
  // New operators have nothing.
  if (piece.size != 0 && checksum(state.content) != piece.checksum)
    throw std::runtime_error{"slice " + std::to_string(piece.of.slice)
                             + " of operator " + std::to_string(piece.of.of)
                             + " is damaged"};
  auto& into = state.part.checkpoint;
  if (piece.of.slice < max_slices) {
    state.part.slices[piece.of.slice] = copy_of(std::move(state.content));
    return;
  }
  into.epoch = piece.epoch;
  into.ended = piece.ended;
  separate(state.content.bytes(), into);
  state.part.has_partition = true;
}

void pull(self_pointer self);

void on_pieces(self_pointer self, const control_reply& reply) {
  auto& state = self->state;
  auto& given = *state.given;
  if (!reply.error.empty())
    return fail(self, reply.error);
  try {
    state.stream->on_pieces(
      from_body<std::vector<content_piece>>(reply.body),
      [&](const content_piece& piece) { take(self, piece); });
  } catch (const std::exception& error) {
    return fail(self, error.what());
  }
  if (state.stream->is_complete()) {
    state.part.final = true;
    self->send(given.home, std::exchange(state.part, {}));
    state.stream.reset();
    given.places.pop_front();
  }
  if (given.places.empty())
    return self->quit();
  pull(self);
}

void begin_place(self_pointer self) {
  auto& state = self->state;
  auto& given = *state.given;
  auto& lost = given.places.front();
  std::vector<operator_slice> wanted{held_backups::partition_slice(lost.place)};
  for (auto slice : lost.slices)
    wanted.push_back({lost.place.id, slice});
  state.stream =
    std::make_unique<content_stream>(given.run, given.epoch, std::move(wanted));
  state.part = {};
  state.part.run = given.run;
  state.part.place = lost.place;
  state.part.incarnation = lost.successor;
  state.part.holder = savepoint_holder;
}

void pull(self_pointer self) {
  auto& state = self->state;
  auto& given = *state.given;
  if (!state.stream)
    begin_place(self);
  self
    ->request(given.from, caf::duration{given.limit},
              request_of(request_kind::pull_savepoint, state.stream->next()))
    .then([=](const control_reply& reply) { on_pieces(self, reply); },
          [=](const caf::error&) {
            self->delayed_send(self, patience, tick_atom::value);
          });
}

} // namespace

caf::behavior savepoint_fetcher(self_pointer self,
                                const std::shared_ptr<fetching_begin>& begin) {
  self->state.given = std::make_unique<fetching_begin>(std::move(*begin));
  self->send(self, tick_atom::value);
  // Without the node that supervises there is nothing to begin.
  self->monitor(self->state.given->from);
  self->set_down_handler([=](const caf::down_msg&) { self->quit(); });
  return {
    [=](tick_atom) { pull(self); },
  };
}

} // namespace braid
