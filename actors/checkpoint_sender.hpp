// Sends one instance's checkpoints to the nodes that keep them.
#pragma once

#include "actors/backup_holders.hpp"
#include "actors/backup_messages.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Splits checkpoints into messages and waits for all their receipts. Several
/// checkpoints may be on their way at once.
///
/// Each holder is sent only so much ahead of its receipts: the rest waits here,
/// not in the links, and costs its sender time a message at a time.
class checkpoint_sender {
public:
  struct settings {
    /// No message is larger, unless a single slice is, or what belongs to no
    /// slice.
    std::uint64_t part_bytes = max_part_bytes;
    /// What is on its way to one holder, at most, or one message.
    std::uint64_t window_bytes = 4 * max_part_bytes;
  };

  checkpoint_sender(run_id run, partition_place place,
                    incarnation_number incarnation);
  checkpoint_sender(run_id run, partition_place place,
                    incarnation_number incarnation, const settings& how);

  struct message {
    node_index to = 0;
    partition_backup backup;
  };

  /// Takes a checkpoint over. Returns false if nobody is there to keep it, and
  /// then no receipt completes it either. A checkpoint that is begun again, for
  /// other holders, takes the place of the first attempt. Copies ahead of a
  /// checkpoint are never complete.
  bool begin(partition_checkpoint checkpoint, const backup_holders& holders);

  /// What is to be sent now. To be called after `begin`, `on_receipt` and
  /// `on_reconnected`.
  std::vector<message> take_messages();

  struct completion {
    epoch_number epoch = 0;
    bool ended = false;      ///< it holds for all later epochs as well
    std::uint64_t bytes = 0; ///< sent to all holders
  };

  struct outcome {
    std::optional<completion> completed; ///< by this receipt
    /// If this is not empty: why a checkpoint will never be complete.
    std::string refused;
  };

  /// Receipts of other instances, and of parts that are not on their way, do
  /// nothing.
  outcome on_receipt(node_index from, const backup_receipt& receipt);

  /// What an earlier instance sent of these slices is as good as sent by this
  /// one: its holders have it.
  void begin_with(kept_slices kept_by) {
    kept_by_ = std::move(kept_by);
  }

  /// Others keep some slices from now on; what waits for nodes that are gone is
  /// dropped.
  void set_holders(const backup_holders& holders);

  /// The connection to a node broke and stands again.
  void on_reconnected(node_index node);

  /// Slices that were refused, may not have arrived, or have other holders now.
  /// Tells each loss once.
  lost_copies take_lost();

  /// Does not wait any longer for checkpoints up to `epoch`.
  void forget(epoch_number epoch);

  /// What waits here to be sent.
  std::uint64_t waiting_bytes() const {
    return waiting_bytes_;
  }

private:
  struct filling {
    std::vector<partition_backup> parts;
    std::uint64_t bytes = 0; ///< in the last one
  };

  struct pending {
    bool ended = false;
    std::uint64_t bytes = 0;
    std::set<std::pair<node_index, std::uint32_t>> missing; ///< node, part
  };

  /// A part on its way.
  struct unconfirmed_part {
    epoch_number epoch = 0;
    std::uint64_t bytes = 0;
    std::vector<slice_id> slices;
    bool shared = false;
  };

  struct waiting_part {
    partition_backup backup;
    std::uint64_t bytes = 0;
  };

  struct holder_state {
    std::deque<waiting_part> waiting;
    std::map<std::uint32_t, unconfirmed_part> unconfirmed; ///< by part
    std::uint64_t window_used = 0;
  };

  std::map<node_index, filling> split(partition_checkpoint& checkpoint,
                                      const backup_holders& holders);
  partition_backup& room_for(filling& parts,
                             const partition_checkpoint& checkpoint,
                             std::uint64_t bytes);
  partition_backup part_of(const partition_checkpoint& checkpoint);
  static std::uint64_t bytes_of(const partition_backup& part);
  void lose(const unconfirmed_part& part);

  run_id run_;
  partition_place place_;
  incarnation_number incarnation_;
  settings settings_;
  std::uint32_t next_part_ = 0;
  std::uint64_t waiting_bytes_ = 0;
  std::map<epoch_number, pending> pending_;
  std::map<node_index, holder_state> holders_;
  /// Who was last sent something of a slice.
  kept_slices kept_by_;
  std::set<slice_id> lost_;
  bool lost_shared_ = false;
};

} // namespace braid
