#include "actors/partition_loader.hpp"

#include <caf/all.hpp>

#include <utility>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<partition_loader_state>*;

/// Does nothing more once something was wrong.
template <class Load>
void attempt(self_pointer self, Load&& load) {
  auto& state = self->state;
  if (!state.error.empty())
    return;
  try {
    load(*state.given.logic);
  } catch (const std::exception& error) {
    state.error =
      "operator '" + state.given.operator_name + "': " + error.what();
  }
}

void finish(self_pointer self, const loading_end& end) {
  attempt(self,
          [&](partition& logic) { logic.finish_loading(end.rest, end.held); });
  auto& given = self->state.given;
  self->send(given.home,
             partition_loaded{given.run, given.place, given.generation,
                              std::move(self->state.error)});
  self->quit();
}

} // namespace

caf::behavior partition_loader(self_pointer self, loader_begin begin) {
  self->state.given = std::move(begin);
  return {
    [=](arrived_slices& arrived) {
      attempt(self, [&](partition& logic) {
        for (auto& [slice, copy] : arrived.slices) {
          logic.load_slice(slice, copy);
          copy = {}; // its memory may be used again
        }
      });
      arrived.ticket.reset();
    },
    [=](const loading_end& end) { finish(self, end); },
  };
}

} // namespace braid
