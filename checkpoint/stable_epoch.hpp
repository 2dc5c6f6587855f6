// Which epoch a run can always go back to.
#pragma once

#include "checkpoint/incarnation.hpp"

#include "operators/epoch.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace braid {

/// Finds the stable epoch: the newest one of which every slice of every
/// operator has reported its checkpoint backed up (a sink's: its output
/// durable). Counts slices, not partitions: who hosts a slice may change
/// between two epochs, and the owner after an epoch is the one who reports it.
/// An epoch that only some have reported is skipped when a newer one is
/// complete. Reports may come in any order, and more than once.
///
/// Throws `std::invalid_argument` for operators and slices that it does not
/// know.
class stable_epoch {
public:
  struct member {
    operator_id of = 0;
    std::uint32_t slices = 0;
  };

  /// For a run that begins after `epoch`: 0, or where it was restored.
  explicit stable_epoch(const std::vector<member>& operators,
                        epoch_number epoch = 0);

  /// Never goes back.
  epoch_number value() const {
    return value_;
  }

  /// The newest epoch that anybody has reported.
  epoch_number newest() const {
    return pending_.empty() ? value_ : pending_.rbegin()->first;
  }

  /// The slices' checkpoints at the end of `epoch` are backed up. Returns
  /// whether that makes a newer epoch stable.
  bool report(operator_id of, std::span<const slice_id> slices,
              incarnation_number incarnation, epoch_number epoch);

  /// The same for slices that have ended with `epoch`: their state stays as it
  /// is, so this counts for every later epoch, too.
  bool report_last(operator_id of, std::span<const slice_id> slices,
                   incarnation_number incarnation, epoch_number epoch);

  /// Instances of the slices below `successor` do not count beyond epoch
  /// `after`, whatever they have reported or still report; what is stable
  /// stays so. After a loss `after` is the epoch that is restored; in a
  /// hand-over the last epoch of which the old owner is to report.
  void fence(operator_id of, std::span<const slice_id> slices,
             incarnation_number successor, epoch_number after);

  /// Who has not reported `epoch`, which is beyond the stable one; at most
  /// `limit` slices, ascending.
  std::vector<operator_slice> missing(epoch_number epoch,
                                      std::size_t limit) const;

private:
  struct fence_rule {
    incarnation_number successor;
    epoch_number after;
  };

  struct ending {
    epoch_number epoch;
    incarnation_number incarnation;
  };

  struct slice_state {
    operator_slice id;
    std::vector<fence_rule> fences; ///< none makes another superfluous
    std::optional<ending> last;
  };

  /// Of one epoch, by slice: the newest instance that has reported it.
  struct epoch_reports {
    std::vector<std::optional<incarnation_number>> by;
    std::size_t missing;
  };

  std::size_t index_of(operator_id of, slice_id slice) const;
  static bool counts(const slice_state& slice, incarnation_number incarnation,
                     epoch_number epoch);
  epoch_reports& reports_of(epoch_number epoch);
  static void note(epoch_reports& reports, std::size_t slice,
                   incarnation_number incarnation);
  void add_fence(slice_state& slice, fence_rule rule) const;
  void drop_void_reports(std::size_t slice);
  bool advance();

  std::map<operator_id, std::pair<std::size_t, std::uint32_t>> operators_;
  std::vector<slice_state> slices_; ///< of all operators, one after another
  std::map<epoch_number, epoch_reports> pending_; ///< beyond the stable one
  epoch_number value_;
};

} // namespace braid
