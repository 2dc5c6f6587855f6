// Where lost partitions go: over the nodes that live, by what they have been
// measured to cost.
#pragma once

#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace braid {

/// What the partitions of a run cost between their latest two checkpoints,
/// which all of them take at the same epochs.
class measured_loads {
public:
  /// An instance has been busy for `busy_ns` since it began.
  void on_report(const partition_place& place, generation_number generation,
                 std::uint64_t busy_ns);

  /// In nanoseconds; 0 if nothing is known.
  std::uint64_t of(const partition_place& place) const;

private:
  struct measured {
    generation_number generation = 0;
    std::uint64_t busy_ns = 0;
    std::uint64_t latest = 0; ///< since the report before
  };

  std::map<partition_place, measured> all_;
};

/// Gives each of the partitions `lost` one of the nodes `alive`, of which there
/// is one, so that these carry even loads (`spread_evenly`). Where nothing is
/// measured, the numbers of partitions become even.
void place_evenly(assignment& owners, const std::set<node_index>& alive,
                  const std::vector<partition_place>& lost,
                  const measured_loads& loads);

} // namespace braid
