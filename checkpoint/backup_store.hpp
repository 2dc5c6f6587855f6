// What a node keeps of other nodes' slices, so that they can be restored.
#pragma once

#include "checkpoint/incarnation.hpp"

#include "operators/byte_buffer.hpp"
#include "operators/epoch.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace braid {

/// A slice of a run in this cluster.
struct backup_key {
  std::uint32_t run = 0;
  operator_slice slice;

  bool operator==(const backup_key&) const = default;

  bool operator<(const backup_key& other) const {
    return std::tie(run, slice) < std::tie(other.run, other.slice);
  }
};

/// A slice's state at the end of `epoch`: all of it, or what changed since the
/// end of `base`. Changes of no bytes say that nothing did. Changes hold whole
/// values, so made to the state at any epoch between the two they give the
/// same.
struct slice_backup {
  std::optional<epoch_number> base; ///< nothing: a full copy
  epoch_number epoch = 0;
  incarnation_number incarnation = 0; ///< of the instance that made it
  byte_buffer content;
  /// The checksum of `content`, for whoever knows it: else it is looked through
  /// once more.
  std::optional<std::uint64_t> sum{};
};

/// What became of a backup. What is held already stays good in any case.
enum class put_result {
  stored,
  known, ///< held already, or superseded: as good as stored
  /// Neither its base nor a later epoch is held, or only another instance's
  /// beyond the stable epoch, which may turn out void: send a full copy.
  base_missing,
  fenced, ///< made by an instance that is not to be listened to
  /// No room: fold what can be, back up elsewhere, or raise the limit.
  over_limit,
};

/// One clear sentence, for logs and for whoever sent the backup.
std::string to_string(put_result x);

/// What is held of a slice up to some epoch.
struct restored_slice {
  enum class outcome {
    found,
    missing, ///< nothing at or before the epoch is held
    damaged, ///< what is held does not match its checksum: ask a replica
  };

  outcome result = outcome::missing;
  /// The end of which epoch is restored. Unless it is the one asked for, some
  /// backup in between never came.
  epoch_number epoch = 0;
  std::shared_ptr<const byte_buffer> full;
  /// To be folded into `full` in this order.
  std::vector<std::shared_ptr<const byte_buffer>> changes;
  std::uint64_t full_sum = 0;             ///< its checksum
  std::vector<std::uint64_t> change_sums; ///< and those of the changes
};

/// Makes one full copy of another, which is the first part, and what changed
/// since, in this order; or changes, of changes and what followed them. May
/// throw.
using fold_function =
  std::function<byte_buffer(std::span<const std::span<const std::byte>> parts)>;

/// What was found, in one piece.
byte_buffer whole_of(const restored_slice& found, const fold_function& fold);

/// The backups that one node holds of slices that live elsewhere: of each the
/// newest full copy at or before the stable epoch with the changes since, and
/// whatever came for later epochs. Contents are opaque; what a restore was
/// given stays as it is, whatever happens here.
///
/// Nothing beyond the stable epoch is folded or superseded, because a failure
/// goes back to the stable epoch.
class backup_store {
public:
  struct settings {
    /// Bytes held at most. Folding needs room for one more slice meanwhile.
    std::uint64_t limit = std::uint64_t{1} << 30;
    /// Changes are folded once they exceed this many per cent of their base:
    /// among each other, and into it if they exceed half of that even so.
    std::uint32_t fold_percent = 50;
    /// They are also folded once there are more of them than this.
    std::size_t longest_chain = 32;
  };

  backup_store(settings limits, fold_function fold);

  /// Takes a backup in. A newer incarnation's replaces an older one's of the
  /// same epoch; putting the same twice does no harm. Refused puts change
  /// nothing. Throws
  /// `std::invalid_argument` if the base is not before the epoch.
  put_result put(const backup_key& key, slice_backup backup);

  /// Instances of the slice below `successor` are fenced as of `stable`: what
  /// they sent beyond it is void, and what they still send is refused. `stable`
  /// counts as announced, too: were a fence to come before the announcement, it
  /// would else void what has become stable.
  void fence(const backup_key& key, incarnation_number successor,
             epoch_number stable);

  /// All slices of the run can be restored at `epoch`: what only older epochs
  /// need is dropped. Never goes back; an older epoch does nothing.
  void stable(std::uint32_t run, epoch_number epoch);

  /// Folds changes of one slice that have outgrown their base, so that the
  /// caller can pace that work. Returns false if there is none. A slice that
  /// turns out damaged is left as it is. If the fold function throws, so does
  /// this; the slice is then left alone until its next stable epoch.
  bool fold_next();

  /// The newest backup at or before `epoch`, every part checked.
  restored_slice restore(const backup_key& key, epoch_number epoch) const;

  /// The epochs at whose end the slice can be restored, ascending, unchecked.
  std::vector<epoch_number> epochs(const backup_key& key) const;

  /// The instance that made the newest copy of the slice; nothing if none is
  /// held.
  std::optional<incarnation_number> newest_maker(const backup_key& key) const;

  /// The slices of the run of which anything is held, ascending.
  std::vector<operator_slice> slices(std::uint32_t run) const;

  /// Forgets the slice's backups, not its fence.
  void drop(const backup_key& key);

  /// Forgets everything about a run.
  void drop_run(std::uint32_t run);

  /// How much memory is held, about.
  std::uint64_t bytes() const {
    return bytes_;
  }

private:
  struct entry {
    std::optional<epoch_number> base;
    incarnation_number incarnation;
    std::shared_ptr<const byte_buffer> content;
    std::uint64_t checksum;
  };

  /// By epoch. The base of every entry is an entry.
  using entries = std::map<epoch_number, entry>;

  struct slice_state {
    entries held;
    incarnation_number fence = 0; ///< lower ones are fenced
  };

  struct run_state {
    epoch_number stable = 0;
    std::map<operator_slice, slice_state> slices;
  };

  static std::uint64_t bytes_of(const entry& x);
  static entries::const_iterator newest(const entries& held,
                                        epoch_number up_to);
  static std::vector<entries::const_iterator>
  chain_of(const entries& held, entries::const_iterator newest);
  static bool are_whole(std::span<const entries::const_iterator> parts);
  static restored_slice
  contents_of(const std::vector<entries::const_iterator>& chain);
  static restored_slice
  found_in(const std::vector<entries::const_iterator>& chain);
  static std::optional<epoch_number> base_of(const slice_state& slice,
                                             const slice_backup& changes,
                                             epoch_number stable);

  const slice_state* find(const backup_key& key) const;
  entries::const_iterator erase(entries& held, entries::const_iterator x);
  void sweep(const backup_key& key, slice_state& slice, epoch_number stable);
  void skip_unchanged(entries& held, epoch_number stable);
  bool wants_fold(const slice_state& slice, epoch_number stable) const;
  std::optional<entry>
  folded(const std::vector<entries::const_iterator>& chain) const;
  void fold(entries& held, epoch_number stable);

  settings settings_;
  fold_function fold_;
  std::map<std::uint32_t, run_state> runs_;
  std::set<backup_key> to_fold_;
  std::uint64_t bytes_ = 0;
};

} // namespace braid
