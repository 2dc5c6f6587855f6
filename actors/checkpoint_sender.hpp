// Sends one instance's checkpoints to the nodes that keep them.
#pragma once

#include "actors/backup_holders.hpp"
#include "actors/backup_messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Splits checkpoints into messages and waits for all their receipts. Several
/// checkpoints may be on their way at once.
class checkpoint_sender {
public:
  /// No message is larger than `part_bytes`, unless a single slice is, or what
  /// belongs to no slice.
  checkpoint_sender(run_id run, partition_place place,
                    incarnation_number incarnation,
                    std::uint64_t part_bytes = max_part_bytes);

  struct message {
    node_index to = 0;
    partition_backup backup;
  };

  /// What to send of a checkpoint; nothing if nobody is there to keep it, and
  /// then no receipt completes it either. A checkpoint that is begun again, for
  /// other holders, takes the place of the first attempt.
  std::vector<message> begin(partition_checkpoint checkpoint,
                             const backup_holders& holders);

  struct completion {
    epoch_number epoch = 0;
    bool ended = false; ///< it holds for all later epochs as well
  };

  struct outcome {
    std::optional<completion> completed; ///< by this receipt
    /// If this is not empty: why a checkpoint will never be complete.
    std::string refused;
  };

  /// Receipts of other instances, and of checkpoints that are not on their way,
  /// do nothing.
  outcome on_receipt(node_index from, const backup_receipt& receipt);

  /// Does not wait any longer for checkpoints up to `epoch`.
  void forget(epoch_number epoch);

private:
  struct filling {
    std::vector<partition_backup> parts;
    std::uint64_t bytes = 0; ///< in the last one
  };

  struct pending {
    bool ended = false;
    std::set<std::pair<node_index, std::uint32_t>> missing; ///< node, part
  };

  partition_backup& room_for(filling& parts,
                             const partition_checkpoint& checkpoint,
                             std::uint64_t bytes);
  partition_backup part_of(const partition_checkpoint& checkpoint);

  run_id run_;
  partition_place place_;
  incarnation_number incarnation_;
  std::uint64_t part_bytes_;
  std::uint32_t next_part_ = 0;
  std::map<epoch_number, pending> pending_;
};

} // namespace braid
