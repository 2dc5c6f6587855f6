// What somebody asks for at random while a run goes on: other partitions for an
// operator, or that nothing is left on a node.
#pragma once

#include "actors/hand_over_plan.hpp"
#include "actors/run_logic.hpp"

#include "operators/random.hpp"
#include "operators/topology.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace braid::simulator {

struct wanted_change {
  std::vector<planned_hand_over> hand_overs;
  std::vector<std::pair<partition_place, node_index>> relocations;
  std::optional<node_index> drained;

  bool moves_nothing() const {
    return hand_overs.empty() && relocations.empty();
  }
};

/// As the topology supervisor would plan it; it may move nothing.
wanted_change random_change(const topology& graph, const run_logic& logic,
                            random_generator& random);

/// The topology supervisor takes an order now.
bool takes_orders(const run_logic& logic);

} // namespace braid::simulator
