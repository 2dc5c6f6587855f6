// What one node holds of partitions that live on other nodes: copies of their
// slices, and how sources ended their epochs.
#pragma once

#include "actors/backup_messages.hpp"

#include "checkpoint/backup_store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Progress and shared state of a partition in one run of bytes, and back: of
/// bytes that `joined` made.
byte_buffer joined(const byte_buffer& progress, const byte_buffer& shared);
void separate(std::span<const std::byte> bytes, partition_checkpoint& into);

/// The backups and cuts of all runs that a node holds for others.
///
/// Whatever a fenced instance sent beyond the stable epoch is void, but for
/// cuts: a source closes an epoch only once its cuts are held, so those who saw
/// the epoch saw just these cuts, and the source's successor must repeat them.
///
/// Everything about a run that was dropped comes back if messages of that run
/// still do: the caller keeps those away.
class held_backups {
public:
  /// `node` is the name of the node that holds them. No part of an answer is
  /// larger than `part_bytes`, unless a single slice is.
  held_backups(std::string node, backup_store::settings limits,
               std::uint64_t part_bytes = max_part_bytes);

  /// Keeps a part of a checkpoint. A part that is refused may have been kept
  /// in part, which does no harm: its epoch never becomes stable.
  backup_receipt put(partition_backup backup);

  /// Keeps cuts, beyond the stable epoch. Instances that are fenced, or whose
  /// successor has sent cuts already, are refused. Throws `protocol_error`, and
  /// changes nothing, if an epoch is known to have ended otherwise.
  cuts_receipt put(source_cuts cuts);

  /// Instances of the partition, and of its origins, below its successor are
  /// not listened to from now on, and what they backed up beyond the stable
  /// epoch is void, and so are cuts that follow a gap. Of a shadow, only what
  /// is stable is noted, and that its copies are not superfluous: until it is
  /// backed up it is behind what is stable.
  void fence(run_id run, const lost_partition& lost, epoch_number stable);

  /// The shadows of the run that were noted are none any more.
  void forget_shadows(run_id run) {
    runs_[run].shadows = 0;
  }

  /// Nobody goes back to before the end of `epoch`. Never goes back.
  void stable(run_id run, epoch_number epoch);

  /// What is held of a lost partition.
  struct recovery {
    /// At least one; the last one says that it is the last.
    std::vector<recovered_part> parts;
    /// Slices whose copies are damaged here. Another node may have them whole.
    std::vector<slice_id> damaged;
    /// The same for what belongs to no slice.
    bool partition_damaged = false;
  };

  /// Everything with which the partition can be restored at the end of
  /// `stable`: copies of that epoch, or older ones of slices that had ended;
  /// and the cuts beyond it. To be called once the partition is fenced. Slices
  /// are not copied, and stay as they are, whatever becomes of what is held.
  recovery parts_of(run_id run, const lost_partition& lost,
                    epoch_number stable) const;

  /// The same, but each part is handed to `take` as soon as it is there. Of
  /// what is returned there are no parts.
  recovery hand_out(run_id run, const lost_partition& lost, epoch_number stable,
                    const std::function<void(recovered_part)>& take) const;

  /// What is held of a slice.
  struct held_copy {
    restored_slice slice;
    bool ended = false; ///< it is good for all later epochs as well
  };

  /// Everything with which slices of the run can go on after `epoch`. It stays
  /// as it is, whatever becomes of what is held. What belongs to no slice is
  /// there, `joined`, as `partition_slice`.
  std::map<operator_slice, held_copy> copies(run_id run,
                                             epoch_number epoch) const;

  /// Progress and shared state are kept like slices, of numbers that no real
  /// one has. This is that of progress.
  static operator_slice partition_slice(const partition_place& place);

  /// Makes one slice's full copy, and what changed since, one again, if that is
  /// worth it. Returns false if there is none: so that the caller can pace it.
  /// Throws `decode_error` once for a slice that cannot be.
  bool fold_next() {
    return store_.fold_next();
  }

  /// Forgets everything about a run, fences included.
  void drop_run(run_id run);

  /// How much memory is held, about.
  std::uint64_t bytes() const {
    return store_.bytes() + cut_bytes_;
  }

private:
  using cuts_by_epoch = std::map<epoch_number, std::vector<source_cut>>;

  struct partition_state {
    incarnation_number fence = 0;     ///< lower ones are fenced
    incarnation_number cuts_from = 0; ///< the highest that sent cuts
    cuts_by_epoch cuts;
  };

  struct ending {
    epoch_number epoch = 0;
    incarnation_number incarnation = 0;
  };

  struct run_state {
    epoch_number stable = 0;
    incarnation_number shadows = 0; ///< of a hand-over; 0: there are none
    std::map<std::pair<operator_id, partition_index>, partition_state>
      partitions;
    /// Slices whose state stays as it is after an epoch.
    std::map<operator_slice, ending> ended;
  };

  class parts_builder;

  restored_slice whole_partition(run_id run, const operator_slice& progress,
                                 epoch_number epoch) const;
  static operator_slice shared_slice(const partition_place& place);
  static bool has_ended(const run_state& run, const operator_slice& slice,
                        epoch_number by);
  partition_state& state_of(run_id run, const partition_place& place);
  put_result put_partition(partition_backup& backup);
  put_result put(const partition_backup& head, const operator_slice& slice,
                 std::optional<epoch_number> base, byte_buffer content,
                 std::optional<std::uint64_t> sum = {});
  void drop_superfluous(run_id run, const run_state& state);
  void trim_cuts(cuts_by_epoch& cuts, epoch_number epoch);
  restored_slice usable(run_id run, const operator_slice& slice,
                        epoch_number stable) const;
  bool add_partition(run_id run, const partition_place& place,
                     epoch_number stable, parts_builder& parts) const;
  bool add_slice(run_id run, const operator_slice& slice, epoch_number stable,
                 parts_builder& parts) const;
  void add_cuts(run_id run, const partition_place& place, epoch_number stable,
                parts_builder& parts) const;

  std::string node_;
  std::uint64_t part_bytes_;
  backup_store store_;
  std::map<run_id, run_state> runs_;
  std::uint64_t cut_bytes_ = 0;
};

} // namespace braid
