#include "actors/operator_supervisor.hpp"

#include <caf/all.hpp>

namespace braid {

caf::behavior
operator_supervisor(caf::stateful_actor<operator_supervisor_state>* self,
                    const caf::actor& topology_supervisor,
                    operator_report report) {
  self->state.report = std::move(report);
  self->state.report.actor = self->id();
  self->send(topology_supervisor, self->state.report);
  return {
    [=](const partition_event& event) {
      if (event.failed)
        return;
      self->state.done.insert(event.partition);
      self->state.report.partitions_done =
        static_cast<std::uint32_t>(self->state.done.size());
      self->send(topology_supervisor, self->state.report);
    },
  };
}

} // namespace braid
