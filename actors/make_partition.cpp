#include "actors/make_partition.hpp"

namespace braid {

std::unique_ptr<partition>
make_partition(const topology& graph, const assignment& owners,
               partition_place place, const partition_settings& settings,
               outbox& out, std::function<void()> wake,
               const restoring& restored) {
  auto& node = graph.operators()[place.id];
  auto is_source = node.kind == operator_kind::source;
  replaying_outbox::settings how;
  how.in_flight = settings.flow.in_flight;
  how.keep = settings.checkpoints.taken;
  how.hold_closes = is_source && settings.checkpoints.hold_cuts;
  how.closed = restored.checkpoint ? restored.checkpoint->epoch : 0;
  how.generation = restored.generation;
  partition_beginning beginning{
    settings.flow,
    std::make_unique<replaying_outbox>(graph, owners, place.id, how, out),
    restored.generation, settings.checkpoints, restored.checkpoint};
  auto setup =
    setup_of(graph, owners, place.id, place.index, settings.flow.batch_bytes);
  setup.round_trip_state = settings.round_trip_state;
  setup.resumed = restored.generation != 0;
  for (auto& target : setup.targets)
    target.ship =
      [to_all = beginning.out.get()](edge_id edge, partition_index to,
                                     epoch_number epoch, batch_ptr tuples) {
        to_all->append(edge, to, epoch, std::move(tuples));
      };
  if (is_source)
    return std::make_unique<source_logic>(
      graph, owners, place, settings.cuts,
      node.make_source(setup, source_context{std::move(wake)}),
      std::move(beginning));
  return std::make_unique<operator_partition>(
    graph, owners, place, node.make(setup), std::move(beginning));
}

} // namespace braid
