#include "tests/simulator/replay_watch.hpp"

#include <algorithm>

namespace braid::simulator {

void replay_watch::note_closed(node_index node, const replay_account& account,
                               epoch_number epoch, epoch_number newest,
                               epoch_number named) {
  report_->most_replay_bytes =
    std::max(report_->most_replay_bytes, account.held());
  auto& horizon = horizons_[node];
  if (account.may_add_data())
    return;
  if (horizon == 0) {
    ++report_->times_full;
    horizon = newest + under_way_;
  }
  horizon = std::max(horizon, named);
  if (epoch > horizon)
    throw simulation_failure{
      "the replay buffers of node " + std::to_string(node)
      + " are full, but epoch " + std::to_string(epoch)
      + " was begun, after epoch " + std::to_string(horizon)};
}

void replay_watch::note_sent(node_index node, epoch_number epoch,
                             std::uint64_t bytes) {
  auto& sum = sent_[{node, epoch}];
  sum += bytes;
  report_->largest_epoch_bytes = std::max(report_->largest_epoch_bytes, sum);
}

} // namespace braid::simulator
