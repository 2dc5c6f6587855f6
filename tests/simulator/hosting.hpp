// Runs a topology hosted in one way or in many.
#pragma once

#include "tests/simulator/recording_sink.hpp"
#include "tests/simulator/simulator.hpp"

#include <functional>
#include <memory>

namespace braid::simulator {

using recording_ptr = std::shared_ptr<recording>;

/// Adds to a graph what is to be run; sinks write to the recording.
using composer =
  std::function<void(topology& graph, const recording_ptr& into)>;

/// How operators are spread over partitions.
struct hosting {
  std::uint32_t partitions = 1; ///< of each operator
  bool neighbours_apart = false;
};

struct hosted_run {
  recording found;
  simulation_report report;
};

hosted_run run_hosted(const composer& compose, const hosting& how,
                      const partition_settings& settings, std::uint64_t seed,
                      const simulation_options& options = {});

/// Runs it on one to four partitions an operator, slices side by side and
/// apart, by several schedules each, with state kept and with state that is
/// saved and loaded at every epoch. Throws `simulation_failure` unless all
/// give the same, which it returns.
recording same_however_hosted(const composer& compose,
                              const partition_settings& settings);

/// Settings for count mode.
partition_settings counting(std::uint64_t tuples_an_epoch);

/// The values that one slice of a sink got.
std::vector<std::uint64_t>
values_of(const recording& all, const std::string& sink, slice_id slice = 0);

} // namespace braid::simulator
