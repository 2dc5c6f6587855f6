#include "actors/even_placement.hpp"

#include "checkpoint/slice_groups.hpp"

#include <cstddef>
#include <utility>

namespace braid {

void measured_loads::on_report(const partition_place& place,
                               generation_number generation,
                               std::uint64_t busy_ns) {
  auto& known = all_[place];
  if (generation < known.generation)
    return;
  // Another instance begins to count anew.
  auto before = generation == known.generation ? known.busy_ns : 0;
  if (busy_ns < before)
    return;
  known = {generation, busy_ns, busy_ns - before};
}

std::uint64_t measured_loads::of(const partition_place& place) const {
  auto found = all_.find(place);
  return found == all_.end() ? 0 : found->second.latest;
}

void place_evenly(assignment& owners, const std::set<node_index>& alive,
                  const std::vector<partition_place>& lost,
                  const measured_loads& loads) {
  std::vector<node_index> nodes{alive.begin(), alive.end()};
  std::map<node_index, std::size_t> group_of;
  for (auto node : nodes)
    group_of.emplace(node, group_of.size());
  std::vector<group_load> groups(nodes.size());
  std::set<partition_place> homeless{lost.begin(), lost.end()};
  for (operator_id id = 0; id < owners.size(); ++id)
    for (auto i : owners[id].hosts()) {
      auto found = group_of.find(owners[id].nodes[i]);
      if (found == group_of.end() || homeless.contains({id, i}))
        continue;
      groups[found->second].load += loads.of({id, i});
      ++groups[found->second].members;
    }
  std::vector<std::uint64_t> costs;
  costs.reserve(lost.size());
  for (auto& place : lost)
    costs.push_back(loads.of(place));
  auto chosen = spread_evenly(costs, std::move(groups));
  for (std::size_t i = 0; i < lost.size(); ++i)
    owners[lost[i].id].nodes[lost[i].index] = nodes[chosen[i]];
}

} // namespace braid
