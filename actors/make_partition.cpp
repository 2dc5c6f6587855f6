#include "actors/make_partition.hpp"

#include <algorithm>

namespace braid {

namespace {

std::unique_ptr<replaying_outbox>
make_outbox(const topology& graph, const assignment& owners, operator_id id,
            const partition_settings& settings, const restoring& restored,
            outbox& out) {
  auto is_source = graph.operators()[id].kind == operator_kind::source;
  replaying_outbox::settings how;
  how.in_flight = settings.flow.in_flight;
  how.keep = settings.checkpoints.taken || settings.checkpoints.later;
  how.until_stable = settings.checkpoints.taken;
  how.hold_closes = is_source && settings.checkpoints.hold_cuts;
  how.closed =
    restored.checkpoint ? restored.checkpoint->epoch : restored.loads;
  how.generation = restored.generation;
  if (how.keep)
    how.account = settings.checkpoints.account;
  return std::make_unique<replaying_outbox>(graph, owners, id, how, out);
}

/// An operator that the savepoint does not have.
bool begins_empty(const restoring& restored) {
  if (!restored.goes_back || !restored.checkpoint)
    return false;
  auto& slices = restored.checkpoint->slices;
  return std::all_of(slices.begin(), slices.end(),
                     [](auto& each) { return each.second.empty(); });
}

} // namespace

std::unique_ptr<partition> make_partition(const topology& graph,
                                          const assignment& owners,
                                          partition_place place,
                                          const partition_settings& settings,
                                          const partition_surroundings& around,
                                          const restoring& restored) {
  partition_beginning beginning{
    settings.flow,
    make_outbox(graph, owners, place.id, settings, restored, around.out),
    restored.generation,
    settings.checkpoints,
    restored.checkpoint,
    restored.shadow,
    restored.held};
  auto setup =
    setup_of(graph, owners, place.id, place.index, settings.flow.batch_bytes);
  setup.round_trip_state = settings.round_trip_state;
  setup.resumed = restored.generation != 0 && !begins_empty(restored);
  setup.goes_back = restored.goes_back;
  setup.skipped = restored.skipped;
  for (auto& target : setup.targets)
    target.ship =
      [to_all = beginning.out.get()](edge_id edge, partition_index to,
                                     epoch_number epoch, batch_ptr tuples) {
        to_all->append(edge, to, epoch, std::move(tuples));
      };
  auto& node = graph.operators()[place.id];
  try {
    if (node.kind == operator_kind::source)
      return std::make_unique<source_logic>(
        graph, owners, place, settings.cuts,
        node.make_source(setup, source_context{around.wake}),
        std::move(beginning));
    return std::make_unique<operator_partition>(
      graph, owners, place, node.make(setup), std::move(beginning));
  } catch (const decode_error& error) {
    throw decode_error{"operator '" + node.name + "': " + error.what()};
  }
}

} // namespace braid
