// What somebody asks for at random while a run goes on: other partitions for an
// operator, or that nothing is left on a node.
#pragma once

#include "actors/hand_over_plan.hpp"
#include "actors/run_logic.hpp"

#include "operators/random.hpp"
#include "operators/topology.hpp"

namespace braid::simulator {

/// As the topology supervisor would plan it; it may move nothing.
scaling_plan random_change(const topology& graph, const run_logic& logic,
                           random_generator& random);

/// The topology supervisor takes an order now.
bool takes_orders(const run_logic& logic);

} // namespace braid::simulator
