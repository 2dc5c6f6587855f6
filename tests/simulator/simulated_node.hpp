// A node of the simulator: hosts partitions, holds backups for others, and
// takes part in recoveries.
#pragma once

#include "tests/simulator/flight_watch.hpp"
#include "tests/simulator/replay_watch.hpp"
#include "tests/simulator/simulated_instance.hpp"
#include "tests/simulator/simulated_network.hpp"

#include "actors/held_backups.hpp"
#include "actors/kept_reports.hpp"
#include "actors/local_recovery.hpp"
#include "actors/void_channels.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace braid::simulator {

/// What all nodes of a simulation share.
struct simulated_world {
  const topology* graph = nullptr;
  const partition_settings* settings = nullptr;
  const simulation_options* options = nullptr;
  random_generator* random = nullptr;
  simulation_report* report = nullptr;
  simulated_network* network = nullptr;
  flight_watch* flights = nullptr;
  simulated_schedule* schedule = nullptr;
  replay_watch* replay = nullptr;
  drain_watch* drains = nullptr;
  const event_time* clock = nullptr;
  /// The newest epoch of which any checkpoint was begun.
  epoch_number newest_checkpoint = 0;
  /// What it was when a node last heard that others came or went: copies of
  /// later epochs are where they belong now.
  std::optional<epoch_number> moved_at{};
  /// The name of a life of a node.
  std::function<const std::string&(node_index)> name_of{};
  /// How far any partition is; asked when a checkpoint is named.
  std::function<epoch_number()> newest{};
  /// If this is set, what partitions send each other goes here.
  std::function<void(const message&)> probe{};

  /// Also of partitions that are not there yet.
  static std::size_t number_of(const partition_place& place) {
    constexpr std::size_t most = 4'096; // of an operator
    return place.id * most + place.index;
  }

  bool has(planted_bug bug) const {
    return options->planted == bug;
  }

  bool backs_up() const {
    return settings->checkpoints.taken && options->replicas > 0;
  }
};

/// One life of a node.
class simulated_node {
public:
  using instances = std::map<std::size_t, std::unique_ptr<simulated_instance>>;

  /// It has no part of the run yet. `name` is the same in all lives.
  simulated_node(simulated_world& world, node_index own, std::string name);
  ~simulated_node();

  simulated_node(const simulated_node&) = delete;
  simulated_node& operator=(const simulated_node&) = delete;

  void receive(simulated_network::delivery what);

  /// There is a new life of the supervisor. What earlier ones say is void.
  void follow();

  /// The connection to a node broke; `given_up`: and cannot be mended.
  void on_link_down(node_index peer, bool given_up);

  /// A partition fails. The supervisor is told.
  void fail(std::size_t partition, partition_failure why);

  /// A partition is done.
  void note_done(simulated_instance& x);

  const std::string& name() const {
    return name_;
  }

  /// By number; null if it is not here.
  simulated_instance* find(std::size_t partition) const;

  const instances& hosted() const {
    return hosted_;
  }

  const held_backups& held() const {
    return held_;
  }

  /// The nodes that there are, as far as partitions here know.
  const std::set<node_index>& alive() const {
    return routed_alive_;
  }

  /// The supervisor's present life has found it.
  bool follows() const {
    return led_by_ == world_->network->supervisor_life();
  }

  generation_number generation() const {
    return generation_;
  }

  /// Of its replay buffers; null: they may grow.
  const replay_account* account() const {
    return account_.get();
  }

  /// The newest stable epoch that it has heard of.
  epoch_number stable() const {
    return stable_;
  }

  /// Whether enough others hold all cuts that somebody may have seen.
  bool cuts_are_held() const;

  /// What a partition here hands out; called by its outbox.
  void send_data(const simulated_instance& from, operator_id to,
                 partition_index index, message what);
  void back_up(simulated_instance& from, partition_checkpoint checkpoint);
  void send_parts(simulated_instance& from);
  void keep_cuts(simulated_instance& from, const cut_notice& cuts);
  void wish_checkpoint(epoch_number epoch);

  /// A partition takes no checkpoint after that epoch, though it was named.
  void leave_out(epoch_number epoch);

  /// A shadow has caught up.
  void tell_caught_up(const simulated_instance& x);

  /// From now on the cuts up to `epoch` must stay as they are.
  void note_seen(simulated_instance& x, epoch_number epoch);

  simulated_world& world() const {
    return *world_;
  }

private:
  class instance_outbox;

  simulated_instance& make(const partition_place& place,
                           const restoring& restored,
                           std::shared_ptr<const recorded_cuts> known);
  checkpoint_settings checkpoints_of(const partition_place& place) const;
  void drop(std::size_t partition);
  void send(node_index to, message what);
  void tell_supervisor(message what);
  void answer(run_logic::command what, generation_number generation,
              std::uint64_t asked_by, std::string problem = {});
  backup_holders holders_of(const partition_place& place) const;
  std::vector<node_index> cut_holders_of(const partition_place& place) const;
  void route();
  void keep_here(simulated_instance& from, partition_checkpoint checkpoint);
  void report_backed_up(simulated_instance& from,
                        const checkpoint_sender::completion& what);
  void send_cuts(const std::vector<cut_sender::message>& messages);
  void note_held(simulated_instance& x, std::optional<epoch_number> held);
  void tell_held(const simulated_instance& x, epoch_number epoch);
  void note_if_alone(const simulated_instance& x);
  static void note_told(simulated_instance& from, const cut_notice& cuts);
  void hand_over(node_index from, simulated_instance& to, message what);
  void renew(simulated_instance& x, edge_id edge, partition_index from,
             generation_number generation);
  void renew_channels(const resumption& what,
                      const std::set<node_index>& reconnected);
  void restore_if_complete();
  void restore(local_recovery::restored_partition& found);
  void fence(const lost_partition& lost, epoch_number stable);
  void reconnect(simulated_instance& x, const std::set<node_index>& nodes);
  simulated_instance* find(const partition_place& place,
                           incarnation_number incarnation) const;

  void on(node_index from, partition_backup& what);
  void on(node_index from, const backup_receipt& what);
  void on(node_index from, source_cuts& what);
  void on(node_index from, const cuts_receipt& what);
  void on(node_index from, recovered_part& what);
  void on(node_index from, const supervisor_back& what);
  void on(node_index from, const naming& what);
  void on(node_index from, const replay_room& what);

  void obey(const node_command& what, std::uint64_t life);
  void deploy(const deployment& plan);
  void start();
  void recover(const recovery& what, std::uint64_t asked_by);
  void resume(const resumption& what);
  void on_stable(epoch_number epoch);
  void drop_gone();
  void stop_origins(generation_number generation);
  void adopt(const placement_change& what);
  void stop();

  simulated_world* world_;
  node_index own_;
  std::string name_;
  std::optional<deployment> plan_; ///< nothing: it has no part of the run
  std::set<node_index> alive_;
  // As partitions here know it.
  assignment owners_;
  std::set<node_index> routed_alive_;
  generation_number generation_ = 0;
  std::unique_ptr<local_recovery> recovering_;
  /// By which life of the supervisor an answer is awaited once it is complete.
  std::optional<std::uint64_t> asked_by_;
  std::set<node_index> joining_;
  epoch_number stable_ = 0;
  std::uint64_t led_by_ = 0; ///< the life of the supervisor
  kept_reports told_;
  void_channels void_;
  held_backups held_;
  std::shared_ptr<replay_account> account_;
  instances hosted_;
  /// Came before the recovery's order.
  std::vector<recovered_part> early_;
};

/// What of a partition is to be asked for, or fenced.
lost_partition lost_one(const assignment& owners, const partition_place& place,
                        incarnation_number successor);

} // namespace braid::simulator
