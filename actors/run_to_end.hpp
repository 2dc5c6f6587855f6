// Runs a whole topology in the calling thread: for tests of topologies, without
// a node, a socket or a clock.
#pragma once

#include "actors/make_partition.hpp"

#include "operators/topology.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace braid {

/// How `run_to_end` runs.
struct run_to_end_options {
  /// Partitions of every operator; results must not depend on it.
  std::uint32_t parallelism = 1;
  /// Tuples an epoch and source slice; results that depend on epochs show it.
  std::uint64_t epoch_tuples = 100;
  /// Passes all state through its serialised form after every epoch, to find
  /// values whose `serialize` forgets something.
  bool round_trip_state = true;
};

/// Runs `graph` until all its sources have ended and all sinks have finished.
/// Epochs are cut by count, so that two runs give the same. Sources that wait
/// for the clock find that time flies. Throws `topology_error` if the graph
/// cannot run, `operator_error` if user code throws, `std::runtime_error` if
/// nothing moves any more.
void run_to_end(const topology& graph, const run_to_end_options& options = {});

} // namespace braid
