// The life of one run of a topology, as the topology supervisor leads it.
#pragma once

#include "actors/even_placement.hpp"
#include "actors/failed_attempts.hpp"
#include "actors/recovery.hpp"
#include "actors/reports.hpp"
#include "actors/run_memory.hpp"

#include "checkpoint/stable_epoch.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Decides what nodes are told. Pure: events in, commands out.
///
/// A run is deployed on all its nodes, then started on all, and stopped on all
/// once it is over: when every partition is done, one has failed, what is lost
/// cannot be restored, or the user cancels. What happens after that changes
/// nothing.
///
/// A partition whose code throws is lost, too, and begins again on its node, as
/// often as `failed_attempts` allows.
///
/// When nodes are lost, their partitions get new instances of a new generation
/// on nodes that live, by measured load: all nodes are told to `recover`, and
/// once all have, to `resume`. If more is lost meanwhile, that begins again:
/// with all that was lost if not all have recovered yet; else the instances
/// that were made stay, since some may have gone on already. A broken
/// connection is a recovery of which only the second half is needed; a node
/// that joins, or is lost with nothing on it, one of which nothing is lost. And
/// a run that begins from a savepoint begins with the recovery of all its
/// partitions.
///
/// After the supervising node was started again, a run goes on from what was
/// `saved` of it: it waits for its nodes, and `on_supervisor_back` begins a
/// recovery of all that was lost meanwhile.
class run_logic {
public:
  enum class command : std::uint8_t {
    deploy,
    start,
    recover,
    resume,
    stable, ///< a newer epoch is
    stop,
  };

  /// Tell `command` to `node`, an index into the plan's nodes.
  struct action {
    command what;
    node_index node;

    bool operator==(const action&) const = default;
  };
  using actions = std::vector<action>;

  explicit run_logic(deployment plan);

  /// Led on by a later life of the supervising node.
  explicit run_logic(const saved_run& saved);

  /// What must be remembered of it; `report` is how users see it.
  saved_run saved(const run_report& report) const;

  actions begin();
  actions on_deployed(node_index node);
  actions on_started(node_index node);
  /// Instances of earlier generations do not count.
  actions on_partition_done(const partition_place& place,
                            generation_number generation);
  actions on_checkpoint(const checkpoint_report& report);
  actions on_node_lost(node_index node, const std::string& reason);
  /// From now on it may host partitions and keep backups.
  actions on_node_joined(node_address node);
  actions on_link_broken(node_index one, node_index other,
                         const std::string& reason);
  /// Of a run led on: the nodes that still run their part, and those that may
  /// take part from now on. All others are lost.
  actions on_supervisor_back(const std::set<node_index>& returned,
                             const std::vector<node_address>& joined);
  /// Which of two living nodes that cannot reach each other is to count as
  /// lost: never the first one, on which the supervisor runs.
  node_index whom_to_lose(node_index one, node_index other) const;
  actions on_recovered(node_index node, generation_number generation);
  actions on_resumed(node_index node, generation_number generation);
  /// Of the instance that is there now. `name` is for messages.
  actions on_partition_failed(const partition_place& place,
                              const partition_failure& failure,
                              const std::string& name);
  actions on_failure(const std::string& reason);
  actions on_cancel();

  run_state state() const {
    return state_;
  }

  const std::string& reason() const {
    return reason_;
  }

  /// With owners as they are now.
  const deployment& plan() const {
    return plan_;
  }

  bool is_alive(node_index node) const {
    return alive_.contains(node);
  }

  const std::set<node_index>& alive() const {
    return alive_;
  }

  /// Not all nodes have resumed yet.
  bool is_recovering() const {
    return !to_recover_.empty() || !to_resume_.empty();
  }

  /// Of the latest recovery; 0: there was none.
  generation_number generation() const {
    return generation_;
  }

  epoch_number stable() const {
    return stable_.value();
  }

  /// Some of the slices whose checkpoint of `epoch`, beyond the stable one, is
  /// not backed up yet.
  std::vector<operator_slice> missing(epoch_number epoch) const {
    return stable_.missing(epoch, 3);
  }

  /// What `recover` and `resume` say now.
  recovery current_recovery() const;
  resumption current_resumption() const;

  /// Why the latest partition that failed did, and what followed, for the log.
  const std::string& latest_failure() const {
    return latest_failure_;
  }

  /// Of the instance that is now at a place.
  generation_number generation_of(const partition_place& place) const;

private:
  actions to_all(command what) const;
  actions end(run_state how);
  actions begin_from_savepoint();
  bool survives_losses() const;
  void lose_partitions(node_index node);
  actions begin_recovery();
  actions begin_resumption();
  std::vector<slice_id> slices_of(const partition_place& place) const;

  deployment plan_;
  std::uint64_t partitions_ = 0;
  run_state state_ = run_state::starting;
  std::string reason_;
  std::set<node_index> alive_;
  std::set<node_index> deployed_;
  std::set<node_index> started_;
  std::set<partition_place> done_;
  stable_epoch stable_;
  measured_loads loads_;
  failed_attempts attempts_;
  std::string latest_failure_;
  /// What the recovery under way is for, if code failed.
  std::string begins_again_after_;
  struct early_failure {
    partition_place place;
    partition_failure failure;
    std::string name;
  };
  std::vector<early_failure> early_failures_; ///< not all had started
  generation_number generation_ = 0;
  std::map<partition_place, generation_number> generations_; ///< if not 0
  // Of the recovery under way.
  std::set<partition_place> lost_;
  std::set<partition_place> made_; ///< again; not all have gone on since
  std::set<std::pair<node_index, node_index>> broken_;
  bool nodes_changed_ = false; ///< all must know who is alive now
  std::set<node_index> to_recover_;
  std::set<node_index> to_resume_;
};

} // namespace braid
