// Random runs in which nodes and partitions are lost, held against the naive
// model.
#pragma once

#include "tests/simulator/simulator.hpp"
#include "tests/simulator/topology_description.hpp"

#include <cstdint>

namespace braid::simulator {

struct crash_trial {
  topology_description description;
  partition_settings settings;
  simulation_options options;
  std::uint64_t seed = 0; ///< of where partitions are, and of the schedule
};

/// How sources cut their streams.
enum class cutting : std::uint8_t {
  by_count,
  by_clock, ///< so that a lost source would cut otherwise if it did not know
};

/// Splits of sources have fewer than `longest_split` tuples.
crash_trial random_crash_trial(cutting how, random_generator& random,
                               std::uint64_t longest_split = 50);

/// Replay buffers are so small that sources must wait for checkpoints, which
/// nobody takes unless they are wished for.
crash_trial random_limit_trial(cutting how, random_generator& random);

/// Throws what partitions throw, and `simulation_failure` if the run comes to
/// what must not happen or gives something else than the naive model.
simulation_report run_trial(const crash_trial& trial);

} // namespace braid::simulator
