// Takes the copies of one partition's slices that are backed up: all of a slice
// first, then what changed since.
#pragma once

#include "checkpoint/partition_checkpoint.hpp"

#include "operators/epoch.hpp"
#include "operators/operator_instance.hpp"
#include "operators/slice.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace braid {

/// How fast full copies of slices are taken: while they are, their partition
/// does nothing else.
struct capture_limits {
  /// Once a checkpoint has so many bytes of full copies, no more are begun.
  std::uint64_t at_once = std::uint64_t{32} << 20;
  /// Between checkpoints, of what is left then.
  std::uint64_t per_second = std::uint64_t{128} << 20;
  /// Changes are replaced by a full copy once there were so many times the
  /// bytes of the last one: should that be damaged, it is not for ever.
  std::uint64_t renewal = 4;
};

/// Knows the epoch of the copy that holders have of each slice. What changed
/// since is all that a checkpoint takes of it.
///
/// A checkpoint freezes what changed, which takes no time to speak of. It is
/// written afterwards, a few slices at a time, while its partition goes on.
///
/// Where more slices have no copy than one checkpoint can take, it takes some,
/// *ahead* of the next one: their changes go with that. Others follow between
/// the two, a slice at a time, so that the next one has changes only. Pure.
class checkpoint_capture {
public:
  checkpoint_capture(std::uint32_t slices, const capture_limits& limits);

  /// The partition was made from the checkpoint of `epoch`, and holders have
  /// those copies of the slices in `held`. `bytes` are those of full copies.
  void begin_with(epoch_number epoch, const std::vector<slice_id>& held,
                  const std::map<slice_id, std::uint64_t>& bytes,
                  const hosted_slices& hosted);

  /// The copies of these do not count.
  void lose(const lost_copies& lost, const hosted_slices& hosted);

  /// Takes `slices`, `shared` and what they are based on, as after
  /// `begun.epoch`, the last one that was finished, for `write` to return. It
  /// is `ahead` if it cannot take all; that of a partition that has ended takes
  /// all. None may be under way.
  void begin(operator_instance& from, const hosted_slices& hosted,
             partition_checkpoint begun);

  /// A checkpoint is under way.
  bool is_writing() const {
    return under_way_.has_value();
  }

  /// Writes what is frozen of the checkpoint under way: of at most so many
  /// slices, or of some of them. Returns the checkpoint once it has all.
  std::optional<partition_checkpoint> write(operator_instance& from,
                                            const hosted_slices& hosted,
                                            std::size_t at_most);

  /// How many slices are to be written each epoch, so that a checkpoint is
  /// there well before the next one is wanted.
  std::size_t share_of_epoch() const {
    return share_;
  }

  /// More slices have no copy than the last checkpoint could take.
  bool is_behind() const {
    return behind_;
  }

  /// Takes some of these, as many as there was time for since it did so last;
  /// nothing if it is not behind, or too early. `wall` is in microseconds.
  std::optional<partition_checkpoint> take_ahead(operator_instance& from,
                                                 const hosted_slices& hosted,
                                                 epoch_number epoch,
                                                 event_time wall);

private:
  struct copy {
    std::optional<epoch_number> epoch; ///< nothing: there is none
    std::uint64_t full_bytes = 0;
    std::uint64_t changed_bytes = 0; ///< since then
  };

  std::uint64_t take_missing(operator_instance& from,
                             const hosted_slices& hosted, std::uint64_t limit,
                             partition_checkpoint& into);
  std::uint64_t take_full(operator_instance& from, const hosted_slices& hosted,
                          std::uint32_t local, partition_checkpoint& into);
  void take_changes(operator_instance& from, const hosted_slices& hosted,
                    std::uint32_t local, partition_checkpoint& into);
  void freeze_all(operator_instance& from, std::uint32_t local,
                  epoch_number epoch);
  void take_shared(operator_instance& from, partition_checkpoint& into);
  bool is_due(const copy& last) const;

  capture_limits limits_;
  std::vector<copy> copies_; ///< by local number
  std::optional<epoch_number> shared_;
  std::optional<partition_checkpoint> under_way_;
  std::deque<std::uint32_t> frozen_; ///< slices of it, by local number
  std::size_t share_ = 1;
  std::set<std::uint32_t> missing_; ///< those that have no copy
  bool behind_ = false;
  event_time last_ahead_ = 0; ///< when copies were taken ahead
};

} // namespace braid
