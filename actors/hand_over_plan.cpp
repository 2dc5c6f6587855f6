#include "actors/hand_over_plan.hpp"

#include "scaling/figures_in_words.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace braid {

no_room_error::no_room_error(std::uint32_t partitions, std::uint32_t more)
  : scaling_error("nodes have no room for "
                  + count_of(partitions, "more partition")
                  + "; add nodes (a pool that starts some does so now: ask "
                    "again once they have joined), or allow more partitions on "
                    "each (node.max_partitions)"),
    nodes(more) {
  // nop
}

hand_over_planner::hand_over_planner(
  const assignment& owners, const std::map<operator_id, slice_loads>& loads,
  std::vector<available_node> nodes)
  : owners_(&owners), loads_(loads), nodes_(std::move(nodes)) {
  // Where nothing was measured, slices count.
  std::erase_if(loads_, [](auto& each) {
    return std::all_of(each.second.begin(), each.second.end(),
                       [](auto& slice) { return slice.second == 0; });
  });
}

std::vector<planned_hand_over>
hand_over_planner::scale(operator_id of, std::uint32_t partitions) {
  auto& owned = (*owners_)[of];
  if (partitions == 0)
    throw scaling_error{"an operator cannot have 0 partitions; give it at "
                        "least 1"};
  if (partitions > owned.slices())
    throw scaling_error{"it has " + count_of(owned.slices(), "slice")
                        + ", and no more partitions than that; ask for at most "
                        + std::to_string(owned.slices())};
  auto parts = parts_of(of);
  if (partitions < parts.size())
    return join(of, std::move(parts), partitions);
  return divide(of, std::move(parts), partitions);
}

std::vector<planned_hand_over>
hand_over_planner::divide(operator_id of, std::vector<part> parts,
                          std::uint32_t partitions) {
  std::vector<std::uint32_t> shares(parts.size(), 1);
  for (auto left = partitions - parts.size(); left > 0; --left) {
    std::size_t best = parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i].slices.size() > shares[i]
          && (best == parts.size()
              || parts[i].load * shares[best] > parts[best].load * shares[i]))
        best = i;
    assert(best < parts.size()); // there are as many slices as partitions
    ++shares[best];
  }
  std::vector<planned_hand_over> result;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (shares[i] > 1)
      result.push_back(hand_over(of, {&parts[i]}, shares[i]));
  return result;
}

std::vector<planned_hand_over>
hand_over_planner::join(operator_id of, std::vector<part> parts,
                        std::uint32_t partitions) {
  std::vector<std::uint64_t> costs;
  costs.reserve(parts.size());
  for (auto& each : parts)
    costs.push_back(each.load);
  auto chosen = spread_evenly(costs, std::vector<group_load>(partitions));
  std::vector<planned_hand_over> result;
  for (std::uint32_t group = 0; group < partitions; ++group) {
    std::vector<const part*> origins;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (chosen[i] == group)
        origins.push_back(&parts[i]);
    if (origins.size() > 1)
      result.push_back(hand_over(of, origins, 1));
  }
  return result;
}

std::vector<planned_hand_over> hand_over_planner::rebalance(operator_id of) {
  auto parts = parts_of(of);
  std::stable_sort(parts.begin(), parts.end(),
                   [](auto& a, auto& b) { return a.load > b.load; });
  std::vector<planned_hand_over> result;
  for (std::size_t i = 0; i + 1 < parts.size() - i; ++i) {
    std::vector<const part*> pair{&parts[i], &parts[parts.size() - 1 - i]};
    auto loads = loads_of(of, pair);
    auto groups = partition_slices(loads, 2);
    std::uint64_t heavier = 0;
    for (auto& group : groups) {
      std::uint64_t load = 0;
      for (auto slice : group)
        load += loads.at(slice);
      heavier = std::max(heavier, load);
    }
    if (heavier * 10 <= parts[i].load * 9)
      result.push_back(hand_over(of, pair, 2));
  }
  return result;
}

std::vector<planned_hand_over> hand_over_planner::drain(node_index from) {
  std::vector<planned_hand_over> result;
  for (operator_id id = 0; id < owners_->size(); ++id)
    for (auto& each : parts_of(id))
      if ((*owners_)[id].nodes[each.index] == from)
        result.push_back(hand_over(id, {&each}, 1));
  return result;
}

std::vector<hand_over_planner::part>
hand_over_planner::parts_of(operator_id id) const {
  auto& owned = (*owners_)[id];
  std::vector<part> result(owned.partitions());
  for (slice_id slice = 0; slice < owned.slices(); ++slice) {
    auto& each = result[owned.table[slice]];
    each.slices.push_back(slice);
    each.load += load_of(id, slice);
  }
  for (partition_index i = 0; i < result.size(); ++i)
    result[i].index = i;
  std::erase_if(result, [](auto& each) { return each.slices.empty(); });
  return result;
}

std::uint64_t hand_over_planner::load_of(operator_id id, slice_id slice) const {
  auto known = loads_.find(id);
  if (known == loads_.end())
    return 1;
  auto found = known->second.find(slice);
  return found == known->second.end() ? 0 : found->second;
}

slice_loads
hand_over_planner::loads_of(operator_id of,
                            const std::vector<const part*>& origins) const {
  slice_loads result;
  for (auto* each : origins)
    for (auto slice : each->slices)
      result[slice] = load_of(of, slice);
  return result;
}

/// What the origins have, divided among as many successors as are wanted.
planned_hand_over
hand_over_planner::hand_over(operator_id of,
                             const std::vector<const part*>& origins,
                             std::uint32_t successors) {
  planned_hand_over result;
  result.of = of;
  for (auto* each : origins) {
    result.origins.push_back(each->index);
    if (auto* node = find((*owners_)[of].nodes[each->index])) {
      node->carries.load -= std::min(node->carries.load, each->load);
      node->carries.members -=
        std::min<std::uint64_t>(node->carries.members, 1);
    }
  }
  std::sort(result.origins.begin(), result.origins.end());
  auto loads = loads_of(of, origins);
  for (auto& slices : partition_slices(loads, successors)) {
    std::uint64_t load = 0;
    for (auto slice : slices)
      load += loads.at(slice);
    result.successors.push_back({std::move(slices), place(load)});
  }
  return result;
}

node_index hand_over_planner::place(std::uint64_t load) {
  available_node* least = nullptr;
  for (auto& node : nodes_) {
    auto weight = std::tie(node.carries.load, node.carries.members);
    if (node.carries.members < node.limit
        && (!least
            || weight < std::tie(least->carries.load, least->carries.members)))
      least = &node;
  }
  if (!least) {
    ++without_room_;
    return 0;
  }
  least->carries.load += load;
  ++least->carries.members;
  return least->node;
}

/// Nodes to come are taken to be as small as the smallest there is.
void hand_over_planner::require_room() const {
  if (without_room_ == 0)
    return;
  auto smallest = std::numeric_limits<std::uint32_t>::max();
  for (auto& node : nodes_)
    smallest = std::min(smallest, std::max(node.limit, std::uint32_t{1}));
  throw no_room_error{without_room_, 1 + (without_room_ - 1) / smallest};
}

available_node* hand_over_planner::find(node_index node) {
  auto found = std::find_if(nodes_.begin(), nodes_.end(),
                            [&](auto& each) { return each.node == node; });
  return found == nodes_.end() ? nullptr : &*found;
}

scaling_plan plan_drain(hand_over_planner& planner, node_index from,
                        const std::function<bool(operator_id)>& can_hand_over) {
  scaling_plan result;
  result.drained = from;
  for (auto& each : planner.drain(from))
    if (can_hand_over(each.of))
      result.hand_overs.push_back(each);
    else
      result.relocations.push_back(
        {{each.of, each.origins.front()}, each.successors.front().node});
  return result;
}

void carry_out(const planned_hand_over& plan, assignment& owners) {
  auto& owned = owners[plan.of];
  for (auto& successor : plan.successors) {
    for (auto slice : successor.slices)
      owned.table[slice] = owned.partitions();
    owned.nodes.push_back(successor.node);
  }
}

} // namespace braid
