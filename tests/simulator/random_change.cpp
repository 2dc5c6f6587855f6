#include "tests/simulator/random_change.hpp"

#include <algorithm>

namespace braid::simulator {

namespace {

/// Nodes that partitions may go to.
std::vector<available_node> nodes_for(const run_logic& logic,
                                      std::optional<node_index> without) {
  std::vector<available_node> result;
  for (auto node : logic.alive())
    if (!logic.avoided().contains(node) && node != without)
      result.push_back({node, {}});
  return result;
}

scaling_plan random_drain(const topology& graph, const run_logic& logic,
                          random_generator& random) {
  std::vector<node_index> all{logic.alive().begin(), logic.alive().end()};
  auto node = all[random.below(all.size())];
  auto to = nodes_for(logic, node);
  if (to.empty())
    return {};
  hand_over_planner planner{logic.plan().owners, {}, std::move(to)};
  return plan_drain(planner, node, [&](operator_id id) {
    return graph.operators()[id].kind == operator_kind::stateful;
  });
}

} // namespace

scaling_plan random_change(const topology& graph, const run_logic& logic,
                           random_generator& random) {
  if (random.below(20) == 0)
    return random_drain(graph, logic, random);
  auto& operators = graph.operators();
  auto id = static_cast<operator_id>(random.below(operators.size()));
  auto to = nodes_for(logic, {});
  if (operators[id].kind != operator_kind::stateful || to.empty())
    return {};
  auto& owners = logic.plan().owners;
  hand_over_planner planner{owners, {}, std::move(to)};
  auto partitions = static_cast<std::uint32_t>(
    1 + random.below(std::min(5u, owners[id].slices())));
  return {random.below(4) == 0 ? planner.rebalance(id)
                               : planner.scale(id, partitions)};
}

bool takes_orders(const run_logic& logic) {
  return logic.state() == run_state::running && !logic.is_recovering()
         && logic.phase() == run_logic::hand_over_phase::none
         && logic.hand_overs_waiting() == 0;
}

} // namespace braid::simulator
