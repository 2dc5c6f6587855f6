// Topologies made up from a seed.
#pragma once

#include "tests/simulator/topology_description.hpp"

#include "operators/random.hpp"

namespace braid::simulator {

struct random_topology_options {
  /// A split has fewer tuples.
  std::uint64_t longest_split = 50;
  /// Sources have tuples that can only be read later, and pauses.
  bool paced = false;
};

/// A topology of one to three sources and up to ten other nodes; every stream
/// that nobody else consumes ends in a sink.
topology_description
random_topology(random_generator& random,
                const random_topology_options& options = {});

} // namespace braid::simulator
