// Builds the topology that a description describes.
#pragma once

#include "tests/simulator/recording_sink.hpp"
#include "tests/simulator/topology_description.hpp"

#include "operators/topology.hpp"

#include <memory>

namespace braid::simulator {

/// The topology of `from`; its sinks write to `into`.
std::unique_ptr<topology> build_topology(const topology_description& from,
                                         std::shared_ptr<recording> into);

} // namespace braid::simulator
