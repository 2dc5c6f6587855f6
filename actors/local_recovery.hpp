// One node's part in a recovery: gathers what other nodes hold of the
// partitions that it is to host.
#pragma once

#include "actors/recovery.hpp"
#include "actors/recovery_collector.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// Pure: parts in, restored partitions out.
class local_recovery {
public:
  /// `here` is the name of this node. `more`, if not empty, answers for every
  /// partition as well.
  local_recovery(recovery what, const std::string& here,
                 const std::string& more = {});

  const recovery& what() const {
    return what_;
  }

  /// What is lost and to be hosted here.
  std::vector<lost_partition> hosted_here() const;

  void on_part(recovered_part part);

  /// All that this node is to host can be made.
  bool is_complete() const;

  /// Why something cannot be restored, one sentence for each; empty if nothing
  /// is in the way.
  std::string problem() const;

  /// Of one of those: see `recovery_collector::take_slices`.
  std::map<slice_id, slice_copy> take_slices(const partition_place& place);

  /// Once complete: what to make. To be called once.
  struct restored_partition {
    partition_place place;
    /// But for slices that were taken; nothing: begins anew.
    std::optional<partition_checkpoint> checkpoint;
    std::map<epoch_number, std::vector<source_cut>> cuts; ///< to repeat
    /// The nodes that hold the checkpoint's copies, by slice.
    std::map<slice_id, std::set<std::string>> held_by;
  };
  std::vector<restored_partition> take();

private:
  recovery what_;
  std::map<partition_place, recovery_collector> collectors_;
};

} // namespace braid
