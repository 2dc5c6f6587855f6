#include "actors/savepoint_gatherer.hpp"

#include "actors/log.hpp"

#include <caf/all.hpp>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<savepoint_gatherer_state>*;

/// What is written between two reports.
constexpr std::uint64_t told_every = std::uint64_t{8} << 20;

void finish(self_pointer self, const std::string& error, bool again = false) {
  auto& state = self->state;
  auto& given = *state.given;
  auto bytes = state.file ? state.file->bytes() : 0;
  state.file.reset(); // gone, unless it was finished
  for (auto& [node, actor] : given.nodes)
    self->send(actor, request_of(request_kind::release_copies,
                                 copies_release{given.run, given.forget}));
  self->send(given.home,
             gathering_report{given.epoch, bytes, true, again, error});
  self->quit();
}

void take(self_pointer self, const content_piece& piece) {
  auto& state = self->state;
  auto& file = *state.file;
  file.append(std::as_bytes(std::span{piece.bytes}));
  if (!piece.is_last())
    return;
  auto saved = file.end_content(piece.checksum);
  saved.epoch = piece.epoch;
  saved.ended = piece.ended;
  state.given->plan.on_saved(piece.of, saved);
}

void tell_progress(self_pointer self) {
  auto& state = self->state;
  auto bytes = state.file->bytes();
  if (bytes - state.told_bytes < told_every)
    return;
  state.told_bytes = bytes;
  self->send(state.given->home,
             gathering_report{state.given->epoch, bytes, false, false, ""});
}

void pull(self_pointer self);

void on_pieces(self_pointer self, const control_reply& reply) {
  auto& state = self->state;
  if (!reply.error.empty())
    return finish(self, reply.error, true);
  try {
    state.stream->on_pieces(
      from_body<std::vector<content_piece>>(reply.body),
      [&](const content_piece& piece) { take(self, piece); });
    tell_progress(self);
    if (state.stream->is_complete()) {
      state.left.erase(state.left.begin());
      state.stream.reset();
    }
    if (std::chrono::steady_clock::now() >= state.given->deadline)
      return finish(self, "its copies were not all written in time; allow "
                          "more of it");
    if (!state.left.empty())
      return pull(self);
    state.file->finish(state.given->plan.manifest());
    finish(self, "");
  } catch (const std::exception& error) {
    finish(self, error.what());
  }
}

/// Asks the node at hand for what comes next.
void pull(self_pointer self) {
  auto& state = self->state;
  auto& given = *state.given;
  auto& [node, wanted] = *state.left.begin();
  if (!state.stream)
    state.stream =
      std::make_unique<content_stream>(given.run, given.epoch, wanted);
  self
    ->request(given.nodes.at(node), caf::duration{given.limit},
              request_of(request_kind::pull_copies, state.stream->next()))
    .then([=](const control_reply& reply) { on_pieces(self, reply); },
          [=](const caf::error&) {
            finish(self, "a node did not answer in time", true);
          });
}

void on_all_pinned(self_pointer self) {
  auto& state = self->state;
  auto& given = *state.given;
  if (auto missing = given.plan.missing(); !missing.empty())
    return finish(self, "no node holds a whole copy of " + missing, true);
  try {
    std::filesystem::create_directories(given.path.parent_path());
    state.file = std::make_unique<savepoint_output>(given.path);
  } catch (const std::exception& error) {
    return finish(self, error.what());
  }
  state.left = given.plan.plan();
  pull(self);
}

void on_pinned(self_pointer self, node_index node, const control_reply& reply) {
  auto& state = self->state;
  try {
    if (reply.error.empty())
      state.given->plan.on_held(node,
                                from_body<std::vector<held_slice>>(reply.body));
  } catch (const decode_error& error) {
    return finish(self, error.what());
  }
  if (--state.unanswered == 0)
    on_all_pinned(self);
}

} // namespace

caf::behavior
savepoint_gatherer(self_pointer self,
                   const std::shared_ptr<gathering_begin>& begin) {
  auto& state = self->state;
  state.given = std::make_unique<gathering_begin>(std::move(*begin));
  auto& given = *state.given;
  state.unanswered = given.nodes.size();
  for (auto& [number, actor] : given.nodes) {
    auto node = number;
    self
      ->request(
        actor, caf::duration{given.limit},
        request_of(request_kind::pin_copies, run_epoch{given.run, given.epoch}))
      .then([=](const control_reply& reply) { on_pinned(self, node, reply); },
            [=](const caf::error&) {
              // It may be lost. Others may hold what it holds.
              on_pinned(self, node, control_reply{"no answer", {}, true});
            });
  }
  return {
    [](const control_reply&) {
      // To what was sent and not requested: releases.
    },
  };
}

} // namespace braid
