// Slices that change hands while their operator goes on (DESIGN 6,
// docs/decisions/0024).
#pragma once

#include "actors/protocol.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace braid {

/// All that some partitions of an operator host, the *origins*, goes to fresh
/// ones, the *successors*.
///
/// A successor is a shadow at first: it takes what its origins take, and nobody
/// hears of what it does. Then the origins stop, and partitions downstream turn
/// to the successors. The hand-over is over once it is decided that it has
/// taken place, or that it has not: the owners tell which.
struct hand_over {
  struct successor {
    partition_index index = 0;
    std::vector<slice_id> slices{}; ///< ascending, never empty

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& index& slices;
    }
  };

  operator_id of = 0;
  generation_number generation = 0;       ///< of the successors
  std::vector<partition_index> origins{}; ///< ascending
  std::vector<successor> successors{};

  bool is_origin(const partition_place& place) const {
    return place.id == of
           && std::find(origins.begin(), origins.end(), place.index)
                != origins.end();
  }

  bool is_successor(const partition_place& place) const {
    return place.id == of
           && std::any_of(successors.begin(), successors.end(),
                          [&](auto& x) { return x.index == place.index; });
  }

  bool is_same(const hand_over& other) const {
    return of == other.of && generation == other.generation;
  }

  std::vector<partition_place> successor_places() const {
    std::vector<partition_place> result;
    for (auto& each : successors)
      result.push_back({of, each.index});
    return result;
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& of& generation& origins& successors;
  }
};

} // namespace braid
