// The life of one run of a topology, as the topology supervisor leads it.
#pragma once

#include "actors/even_placement.hpp"
#include "actors/failed_attempts.hpp"
#include "actors/hand_over_plan.hpp"
#include "actors/recovery.hpp"
#include "actors/reports.hpp"
#include "actors/run_memory.hpp"

#include "checkpoint/stable_epoch.hpp"

#include <cstdint>
#include <map>
#include <optional>
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
/// nothing. If a node or the supervisor is lost before all have started, that
/// is a loss like any other, and what is restored begins with nothing.
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
/// A run on a single node takes no checkpoints until another one joins, or
/// slices are to change hands. Then it begins to, with a recovery of which
/// nothing is lost. What is lost before the first of them is stable cannot be
/// restored.
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
    stable,       ///< a newer epoch is
    stop_origins, ///< of the hand-over under way
    adopt,        ///< the hand-over has come further
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
  /// take part from now on. All others are lost. `started`: as far as anybody
  /// knows, nodes may have been told to start.
  actions on_supervisor_back(const std::set<node_index>& returned,
                             const std::vector<node_address>& joined,
                             bool started = true);
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

  // -- hand-overs (run_logic_hand_over.cpp) -----------------------------------

  /// Hands slices over as planned, one operator after another, after what is
  /// under way. Throws `scaling_error` if the run cannot.
  actions hand_over_slices(const std::vector<planned_hand_over>& plans);

  /// Partitions whose slices cannot be handed over go to other nodes, after
  /// what is under way: they are restored there. Throws `scaling_error` if the
  /// run cannot.
  actions
  relocate(const std::vector<std::pair<partition_place, node_index>>& places);

  /// Both, and a drained node is avoided: nothing is placed there any more,
  /// unless there is no other node. If it throws, nothing has changed.
  actions change(const scaling_plan& what);

  const std::set<node_index>& avoided() const {
    return avoided_;
  }

  /// Ends what is under way and not committed, and what is to come.
  actions abort_hand_overs(const std::string& reason);

  actions on_caught_up(const partition_place& place,
                       generation_number generation);
  /// The origins on the node have stopped before these epochs.
  actions on_origins_stopped(
    generation_number generation,
    const std::vector<std::pair<partition_place, epoch_number>>& begins);
  actions on_adopted(node_index node, generation_number generation);

  /// Partitions of an operator, and those of them that are done.
  std::uint32_t count_hosts(operator_id id) const;
  std::uint32_t count_done(operator_id id) const;

  enum class hand_over_phase : std::uint8_t {
    none,
    preparing,   ///< successors are made
    catching_up, ///< they are shadows
    stopping,    ///< origins decide
    adopting,    ///< committed: all are told
  };

  hand_over_phase phase() const {
    return phase_;
  }

  /// One is under way that can still be taken back.
  bool may_abort() const {
    return !plan_.hand_overs.empty();
  }

  /// How the latest hand-over that is over ended: empty if it took place, else
  /// why it did not.
  const std::string& hand_over_problem() const {
    return hand_over_problem_;
  }

  std::uint64_t hand_overs() const {
    return hand_overs_;
  }

  /// Hand-overs that are still to begin.
  std::size_t hand_overs_waiting() const {
    return waiting_.size();
  }

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

  /// Or is to take part once the run has started.
  bool has(node_index node) const {
    return is_alive(node) || early_nodes_.contains(node);
  }

  /// Not all have started yet, and nothing was lost so far.
  bool is_first_start() const {
    return state_ == run_state::starting && generation_ == 0;
  }

  /// Whatever is lost now ends the run.
  bool is_unsafe() const {
    return unsafe_until_ && stable() <= *unsafe_until_;
  }

  /// Not all nodes have resumed yet.
  bool is_recovering() const {
    return !to_recover_.empty() || !to_resume_.empty();
  }

  /// The nodes whose answers the recovery under way waits for.
  const std::set<node_index>& awaited() const {
    return to_recover_.empty() ? to_resume_ : to_recover_;
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
  struct waiting_hand_over {
    hand_over what; ///< without indexes of successors and a generation
    std::vector<node_index> nodes;
    bool relocates = false; ///< the only origin, which has no successors

    partition_place place() const {
      return {what.of, what.origins.front()};
    }
  };

  actions to_all(command what) const;
  actions end(run_state how);
  void lose_undeployed();
  actions take_early_failures();
  bool take_in_early_nodes();
  bool survives_losses() const;
  bool lose_partitions(node_index node);
  void begin_checkpoints();
  actions begin_recovery();
  actions restore_lost();
  actions begin_resumption();
  std::vector<slice_id> slices_of(const partition_place& place) const;
  std::vector<partition_place> hosting() const;
  bool all_done() const;
  void check_movable() const;
  actions begin_next_hand_over();
  bool is_backed_up() const;
  bool is_possible(const waiting_hand_over& next) const;
  bool is_unprepared(const waiting_hand_over& next) const {
    return next.relocates && !plan_.is_leaving(next.place());
  }
  actions prepare_relocations();
  actions begin_relocation(const waiting_hand_over& what);
  actions begin_hand_over(hand_over what, const std::vector<node_index>& nodes);
  actions commit();
  actions interrupt_hand_over(const std::string& reason);
  actions take_held_reports();
  actions on_shadow_checkpoint(const checkpoint_report& report);
  bool waits_for_shadows(const checkpoint_report& report) const;
  actions stop_origins_if_ready();
  bool are_ready() const;
  actions announce_stable();

  deployment plan_;
  run_state state_ = run_state::starting;
  std::string reason_;
  std::set<node_index> alive_;
  std::set<node_index> deployed_;
  std::set<node_index> started_;
  std::set<partition_place> done_;
  stable_epoch stable_;
  /// Since checkpoints began: nobody holds what was before.
  std::optional<epoch_number> unsafe_until_;
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
  std::set<node_index> early_nodes_;          ///< the same: not alive yet
  generation_number generation_ = 0;
  std::map<partition_place, generation_number> generations_; ///< if not 0
  // Of the recovery under way.
  std::set<partition_place> lost_;
  std::set<partition_place> made_; ///< again; not all have gone on since
  std::set<std::pair<node_index, node_index>> broken_;
  bool nodes_changed_ = false; ///< all must know who is alive now
  std::set<node_index> to_recover_;
  std::set<node_index> to_resume_;
  /// Others whose channels begin anew with it.
  std::set<partition_place> renewed_;

  // Of hand-overs. What is under way, and not committed, is in `plan_`.
  std::vector<waiting_hand_over> waiting_;
  hand_over_phase phase_ = hand_over_phase::none;
  std::set<partition_place> caught_up_;
  /// What successors have backed up before they count: by partition and epoch.
  std::map<partition_index, std::map<epoch_number, checkpoint_report>>
    backed_up_;
  std::map<partition_index, epoch_number> stopped_; ///< origins
  std::vector<checkpoint_report> held_reports_;     ///< that came meanwhile
  std::set<node_index> to_adopt_;
  std::string hand_over_problem_;
  std::uint64_t hand_overs_ = 0; ///< begun
  std::set<node_index> avoided_;
  bool stable_unsaid_ = false; ///< while successors are made
  /// Copies of epochs up to there may be gone with who kept them.
  std::optional<epoch_number> moved_after_;
  epoch_number prepared_at_ = 0; ///< the epoch that they begin after
};

} // namespace braid
