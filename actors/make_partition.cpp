#include "actors/make_partition.hpp"

namespace braid {

std::unique_ptr<partition>
make_partition(const topology& graph, const assignment& owners,
               partition_place place, const partition_settings& settings,
               outbox& out, std::function<void()> wake,
               const partition_checkpoint* restored) {
  partition_beginning beginning{
    settings.flow,
    std::make_unique<replaying_outbox>(
      graph, owners, place.id,
      replaying_outbox::settings{settings.flow.in_flight,
                                 settings.checkpoints.every != 0,
                                 restored ? restored->epoch : 0},
      out),
    settings.checkpoints, restored};
  auto setup =
    setup_of(graph, owners, place.id, place.index, settings.flow.batch_bytes);
  setup.round_trip_state = settings.round_trip_state;
  for (auto& target : setup.targets)
    target.ship =
      [to_all = beginning.out.get()](edge_id edge, partition_index to,
                                     epoch_number epoch, batch_ptr tuples) {
        to_all->send_batch(edge, to, epoch, std::move(tuples));
      };
  auto& node = graph.operators()[place.id];
  if (node.kind == operator_kind::source)
    return std::make_unique<source_logic>(
      graph, owners, place, settings.cuts,
      node.make_source(setup, source_context{std::move(wake)}),
      std::move(beginning));
  return std::make_unique<operator_partition>(
    graph, owners, place, node.make(setup), std::move(beginning));
}

} // namespace braid
