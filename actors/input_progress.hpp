// How far the inputs of an operator have come at the end of an epoch: the same
// on all its partitions, whoever hosts what.
#pragma once

#include "operators/archive.hpp"
#include "operators/epoch.hpp"

#include <vector>

namespace braid {

/// As checkpoints keep it.
struct input_progress {
  /// The end of a slice that has not ended.
  static constexpr epoch_number never = ~epoch_number{0};

  struct edge {
    event_time watermark = beginning_of_time;
    std::vector<epoch_number> ended; ///< by slice: its last epoch, or `never`

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& watermark& ended;
    }
  };

  epoch_number taken = 0; ///< the newest epoch
  event_time now = beginning_of_time;
  event_time watermark = beginning_of_time;
  std::vector<edge> edges; ///< in the order of their numbers

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& taken& now& watermark& edges;
  }
};

} // namespace braid
