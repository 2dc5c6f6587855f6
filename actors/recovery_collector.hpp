// Puts a lost partition together again from what nodes hold of it.
#pragma once

#include "actors/backup_messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// Gathers the answers of all nodes about one lost partition. Waits for all of
/// them, because cuts that any of them holds must be repeated.
class recovery_collector {
public:
  enum class state {
    waiting,
    complete,
    failed, ///< `problem` says why
  };

  /// The partition is to go on after `stable`. If that is 0 it begins anew, and
  /// only cuts count. `nodes` are the names of all that will answer.
  recovery_collector(run_id run, lost_partition lost, epoch_number stable,
                     std::set<std::string> nodes);

  /// Parts for other instances, of nodes that are not asked or have said all,
  /// and what cannot be used at the stable epoch do nothing.
  void on_part(recovered_part part);

  /// That node will not answer. What it did answer stays good.
  void on_node_lost(const std::string& name);

  state current() const {
    return state_;
  }

  /// One sentence with a remedy if the recovery has failed, else empty.
  const std::string& problem() const {
    return problem_;
  }

  /// Copies of slices at the stable epoch that have come since this was called
  /// last: whoever begins to load them need not wait for the rest. They are
  /// void if `take_checkpoint` gives another epoch.
  std::map<slice_id, slice_copy> take_slices();

  /// Once complete: what the new instance begins with, but for slices that were
  /// taken; nothing if it begins anew. To be called once. Throws `decode_error`
  /// if a copy makes no sense.
  std::optional<partition_checkpoint> take_checkpoint();

  /// Once complete: the nodes that hold a copy of just the stable epoch, by
  /// slice. None if a copy of an earlier one is what the instance begins with.
  const std::map<slice_id, std::set<std::string>>& held_by() const {
    return held_by_;
  }

  /// Once complete: how the partition ended epochs beyond the stable one.
  const std::map<epoch_number, std::vector<source_cut>>& cuts() const {
    return cuts_;
  }

private:
  /// What was found of one epoch.
  struct gathered {
    bool has_partition = false;
    partition_checkpoint checkpoint; ///< but for its slices
    std::map<slice_id, slice_copy> slices;
    std::set<slice_id> taken;

    bool has(slice_id slice) const {
      return slices.contains(slice) || taken.contains(slice);
    }
  };

  void gather(recovered_part& part);
  void gather_cuts(recovered_part& part);
  void on_all_answered();
  void fail(const std::string& what);
  std::vector<slice_id> missing_in(const gathered& found) const;
  bool is_whole(const gathered& found) const;
  std::string what_is_missing() const;
  std::string cut_gap() const;

  run_id run_;
  lost_partition lost_;
  epoch_number stable_;
  std::set<std::string> awaited_;
  std::set<std::string> silent_; ///< nodes that were lost before they answered
  std::map<epoch_number, gathered> found_;
  std::map<slice_id, std::set<std::string>> held_by_;
  std::map<epoch_number, std::vector<source_cut>> cuts_;
  state state_ = state::waiting;
  std::string problem_;
};

} // namespace braid
