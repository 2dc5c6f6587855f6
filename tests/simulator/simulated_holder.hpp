// Keeps the checkpoints of all partitions, and knows which epoch is stable.
#pragma once

#include "checkpoint/partition_checkpoint.hpp"

#include <map>
#include <memory>
#include <vector>

namespace braid::simulator {

/// A backup holder that never fails. Partitions are numbered through.
class simulated_holder {
public:
  using checkpoint_ptr = std::shared_ptr<const partition_checkpoint>;

  explicit simulated_holder(std::size_t partitions) : kept_(partitions) {}

  void put(std::size_t partition, partition_checkpoint checkpoint);

  /// The newest epoch as of which every partition can be restored.
  epoch_number stable() const {
    return stable_;
  }

  /// Advances `stable()` as far as it goes and drops what is older. Returns
  /// whether it has.
  bool advance();

  /// A partition was lost: what it told of epochs beyond the stable one is
  /// void.
  void forget_beyond_stable(std::size_t partition);

  /// What to restore a partition from.
  checkpoint_ptr at_stable(std::size_t partition) const;

private:
  /// As of `epoch`, or null.
  checkpoint_ptr find(std::size_t partition, epoch_number epoch) const;
  bool all_have(epoch_number epoch) const;

  std::vector<std::map<epoch_number, checkpoint_ptr>> kept_;
  epoch_number stable_ = 0;
};

} // namespace braid::simulator
