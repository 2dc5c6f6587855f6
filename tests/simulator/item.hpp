// The one tuple type of simulated topologies, and what their sinks record.
#pragma once

#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid::simulator {

struct item {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  event_time stamp = 0; ///< what `assign_times` finds

  bool operator==(const item&) const = default;
};

/// A tuple as a sink got it.
struct recorded_tuple {
  epoch_number epoch = 0;
  event_time time = 0;
  item tuple;

  bool operator==(const recorded_tuple&) const = default;
};

/// All that the slices of one sink got, in order.
using recorded_slices = std::map<slice_id, std::vector<recorded_tuple>>;

/// All that a topology's sinks got, by their names.
using recording = std::map<std::string, recorded_slices>;

/// Where two recordings first differ, for people; empty if they are the same.
std::string difference(const recording& expected, const recording& found);

std::uint64_t count_tuples(const recording& all);

} // namespace braid::simulator
