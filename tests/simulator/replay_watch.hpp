// Watches that replay buffers which are full stop the sources.
#pragma once

#include "tests/simulator/simulator.hpp"

#include "checkpoint/replay_account.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace braid::simulator {

/// What nodes hold to be sent again, of runs in which nothing is lost: once a
/// node's buffers are full, only what is under way may be added, and what leads
/// to the checkpoint that frees them.
class replay_watch {
public:
  /// Sources hear of it within `under_way` epochs.
  replay_watch(epoch_number under_way, simulation_report& report)
    : under_way_(under_way), report_(&report) {}

  /// A partition of the node has closed `epoch`. The furthest source is at
  /// `newest`, the next checkpoint is taken after `named`. Throws
  /// `simulation_failure` if the epoch should not have been begun.
  void note_closed(node_index node, const replay_account& account,
                   epoch_number epoch, epoch_number newest, epoch_number named);

  /// The node's buffers have room again.
  void note_room(node_index node) {
    horizons_[node] = 0;
  }

  /// A partition of the node sends so much of an epoch.
  void note_sent(node_index node, epoch_number epoch, std::uint64_t bytes);

private:
  epoch_number under_way_;
  std::map<node_index, epoch_number> horizons_; ///< 0: not full
  std::map<std::pair<node_index, epoch_number>, std::uint64_t> sent_;
  simulation_report* report_;
};

} // namespace braid::simulator
