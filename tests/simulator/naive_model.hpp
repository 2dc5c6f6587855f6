// What a described topology must give, worked out from the rules of the
// design alone: epoch by epoch, operator by operator, slice by slice. Shares
// nothing with the engine but the hash of keys, the way to slices and the
// random numbers.
#pragma once

#include "tests/simulator/topology_description.hpp"

#include "checkpoint/cut_log.hpp"

#include <map>
#include <string>
#include <vector>

namespace braid::simulator {

/// Where a source slice ended an epoch.
struct naive_cut {
  std::uint64_t tuples = 0; ///< since the beginning
  event_time now = 0;
  bool ended = false; ///< the slice's last epoch
};

/// Of each source, by name: the cuts of its slices, from epoch 1 on.
using naive_cuts = std::map<std::string, std::vector<std::vector<naive_cut>>>;

/// The cuts of count mode: `count` tuples a slice and epoch, of which each
/// lasts `length` microseconds.
naive_cuts cuts_by_count(const topology_description& from, std::uint64_t count,
                         event_time length);

/// The cuts that an earlier run recorded.
naive_cuts cuts_of(const topology_description& from,
                   const recorded_cuts& recorded);

/// What the sinks get.
recording interpret(const topology_description& from, const naive_cuts& cuts);

} // namespace braid::simulator
