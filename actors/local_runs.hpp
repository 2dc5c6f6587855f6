// The partitions that run on this node, by run.
#pragma once

#include "actors/backup_holders.hpp"
#include "actors/data_plane.hpp"
#include "actors/deployment.hpp"
#include "actors/full_watch.hpp"
#include "actors/load_counts.hpp"
#include "actors/local_recovery.hpp"
#include "actors/messages.hpp"
#include "actors/partition_loader.hpp"
#include "actors/reports.hpp"
#include "actors/topology_registry.hpp"

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid {

struct made_partition;

/// Makes, starts and stops partitions on behalf of the node supervisor. Not
/// thread-safe.
class local_runs {
public:
  using clock = std::chrono::steady_clock;

  /// Called from partitions' threads when one ends, or is backed up.
  struct callbacks {
    std::function<void(const partition_event&)> ended;
    std::function<void(const checkpoint_report&)> backed_up;
    /// A source refuses an epoch that was named to it.
    std::function<void(const run_epoch&)> refused;
    std::function<void(const checkpoint_refusal&)> not_kept;
    std::function<void(const checkpoint_wish&)> wished;
    std::function<void(const hand_over_notice&)> in_hand_over;
    /// These begin from the run's savepoint: parts of them are to come.
    std::function<void(const recovery&, std::vector<lost_partition>)> fetch;
  };

  /// Partitions are spawned by `self`. `holder` is this node's backup holder.
  local_runs(std::string here, const topology_registry& registry,
             data_plane& plane, caf::event_based_actor* self, caf::actor holder,
             callbacks tell);

  /// Makes this node's partitions of a run; they wait for `start`. Deploying a
  /// run again does nothing. Throws an exception whose text is for the user if
  /// that fails; then nothing of the run is left here.
  void deploy(const deployment& plan);

  void start(run_id run);

  /// Begins this node's part in a recovery, and calls `done` once all that it
  /// is to host is made, or with the reason why that cannot be. Of a run that
  /// is new here, too. An earlier recovery of the run that is not done ends:
  /// its `done` is not called.
  void recover(const recovery& what,
               std::function<void(const std::string& error)> done);

  /// A part of a lost partition has come.
  void on_part(recovered_part part);

  /// A partition that was loaded while its parts came is whole.
  void on_loaded(const partition_loaded& loaded);

  /// What was restored begins, and others begin their channels from it anew.
  /// Throws if the run is not here.
  void resume(const resumption& what);

  /// A hand-over has come further. Throws if the run is not here.
  void adopt(const placement_change& what);

  /// The origins of the hand-over of that generation that are here stop.
  void stop_origins(run_id run, generation_number generation);

  void on_stable(const run_epoch& stable);
  void name_checkpoint(const run_epoch& named);

  /// Replay buffers may hold so many bytes in all. To be called before any run
  /// is deployed. `self` gets a `replay_room` when there is room again.
  void limit_replay(std::uint64_t bytes);

  /// There is room for data again in replay buffers.
  void on_replay_room();

  /// Whether to pass a wish on: the first of a run since it had a stable epoch.
  bool on_wish(const checkpoint_wish& wish);

  /// While replay buffers are full, passes wishes on again, and says so in the
  /// log if that takes long. Call it regularly.
  void watch_replay(clock::time_point now);

  /// The newest epoch that any partition of the run has come to here; 0: none.
  /// Sources that are restored may be behind others.
  epoch_number newest_epoch(run_id run) const;

  /// Ends the run here. Returns its partitions as they were at their end.
  std::vector<partition_report> stop(run_id run);

  void stop_all();

  /// The runs that are here.
  std::vector<run_id> all() const;

  /// The nodes to which the runs here need a link.
  std::set<std::string> peers() const;

  /// The runs that need a link to `peer`.
  std::vector<run_id> runs_with(const std::string& peer) const;

  /// The state of all partitions, rates as of the last `sample`.
  std::vector<partition_report> report() const;

  /// What the partitions of a run have counted so far.
  load_counts measure(run_id run) const;

  /// Takes the figures from which rates are computed. Call it regularly.
  void sample(clock::time_point now);

private:
  struct local_partition {
    generation_number generation = 0;
    partition_report report; ///< what does not change, and the rates
    caf::actor actor;
    std::shared_ptr<const partition_load> load;
    bool source = false;
    std::uint64_t tuples_before = 0;
    std::uint64_t busy_before = 0;
  };

  static void kill(const caf::actor& target);
  static node_index index_of(const deployment& plan, const std::string& here);
  static partition_report report_of(const local_partition& known);
  static partition_report last_report_of(const local_partition& known);

  /// A partition that is loaded while its parts come.
  struct loaded_partition {
    std::shared_ptr<made_partition> made;
    caf::actor loader;
  };

  struct local_run {
    deployment plan;
    partition_settings settings;
    std::unique_ptr<topology> graph;
    std::vector<node_index> alive; ///< nodes of the run
    std::map<partition_place, local_partition> partitions;
    // Of the latest recovery.
    generation_number generation = 0;
    std::unique_ptr<local_recovery> recovering;
    std::function<void(const std::string&)> recovered;
    std::map<partition_place, loaded_partition> loading;
    /// Those that are to begin once all are loaded.
    std::vector<std::shared_ptr<made_partition>> made;
    bool all_here = false; ///< all parts are
    std::string problem;   ///< why it cannot be
    /// Nodes that may not have opened the run when they were first sent cuts
    /// and backups: what they did not confirm by the time it resumes is sent
    /// again.
    std::set<node_index> joining;
    bool wished = false; ///< for a checkpoint, since the last stable epoch
  };

  made_partition make(const local_run& run, const partition_place& place,
                      const restoring& restored,
                      const partition_settings& settings) const;
  void add(local_run& run, made_partition made);
  local_run open(const deployment& plan) const;
  bool is_loaded_early(const local_run& run,
                       const partition_place& place) const;
  void load_early(local_run& run, const partition_place& place,
                  arrival_window::ticket ticket);
  void make_restored(local_run& run);
  void make_restored(local_run& run, local_recovery::restored_partition found);
  static void forget_recovery(local_run& run);
  void restore_if_complete(local_run& run);
  void drop_gone(local_run& run) const;
  backup_holders holders_of(const local_run& run,
                            const partition_place& place) const;
  void route(local_run& run);
  void connect_peers(const local_run& run);
  void warn_of_full_replay() const;
  void begin_checkpoints(local_run& run) const;
  static bool needs(const local_run& run, const std::string& peer);
  static void renew_channels(const local_run& run, const resumption& what,
                             const std::set<node_index>& reconnected);

  std::string here_;
  const topology_registry* registry_;
  data_plane* plane_;
  caf::event_based_actor* self_;
  caf::actor holder_;
  callbacks tell_;
  /// Parts that came before their recovery was heard of.
  std::vector<recovered_part> early_;
  std::map<run_id, local_run> runs_;
  clock::time_point sampled_at_ = clock::now();
  std::shared_ptr<replay_account> account_; ///< of all replay buffers here
  /// Every checkpoint may hold sources back for a moment.
  full_watch replay_full_{std::chrono::seconds{5}};
};

} // namespace braid
