// Runs a whole topology in one thread, from one seed: every partition's logic
// as it is, a network that delays each channel on its own, a clock that moves
// only here. The same seed makes the same run.
#pragma once

#include "tests/simulator/drain_watch.hpp"

#include "actors/make_partition.hpp"

#include "operators/random.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::simulator {

class flight_watch;
class simulated_journal;
class simulated_network;
class simulated_node;
class simulated_schedule;
class simulated_supervisor;
class replay_watch;
struct simulated_instance;
struct simulated_world;

/// Mistakes that the simulator can make on purpose, so that tests can see that
/// they would be found.
enum class planted_bug : std::uint8_t {
  none,
  trimmed_too_far, ///< buffers, by an epoch
  never_trimmed,
  unclosed_kept,         ///< what comes again is taken beside what came before
  cuts_forgotten,        ///< a restored source is not told known cuts
  closes_not_held,       ///< closes do not wait for cuts to be held
  copies_dropped_early,  ///< a newer copy, not stable yet, replaces the stable
  changes_forgotten,     ///< holders are told that nothing changed
  changes_not_folded,    ///< holders leave some out when they fold
  generations_not_known, ///< what lost instances sent is taken
  holders_not_fenced,    ///< and their backups and cuts
  reports_not_void,      ///< lost instances count beyond the stable epoch
  started_early,         ///< the restored do not wait for all answers
  sources_not_held,      ///< back while replay buffers are full
  room_not_told,         ///< in buffers that were full
  supervisor_not_fenced, ///< commands of its earlier lives are obeyed
};

struct simulation_options {
  /// Some channels and partitions, picked at random, are served ten or a
  /// hundred times less often than others.
  bool uneven = true;
  /// Operators, by name, all of whose partitions are served `slowness` times
  /// less often than others.
  std::set<std::string> slow;
  std::uint32_t slowness = 100;
  /// How many of a hundred batches are encoded and decoded on their way, as
  /// between nodes.
  std::uint32_t encoded_percent = 25;
  /// How far the clock moves a turn, in microseconds.
  event_time turn_length = 1;
  /// The run has failed if it takes more turns than this.
  std::uint64_t most_turns = 20'000'000;
  /// The nodes that there are; the supervisor is beside them.
  std::uint32_t nodes = 1;
  /// Those of them that are there when the run begins; the others join. 0: all.
  /// One alone takes no checkpoints.
  std::uint32_t first_nodes = 0;
  /// Nodes that keep each backup, and each source's cuts. No more than so many
  /// are lost at a time.
  std::uint32_t replicas = 0;
  /// In one of so many turns nodes or partitions are lost, and recovered a
  /// while later; 0: never. Needs checkpoints.
  std::uint32_t crash_odds = 0;
  std::uint32_t most_crashes = 10;
  /// In one of so many turns the supervisor crashes and is started again; 0:
  /// never. Counts as a loss.
  std::uint32_t supervisor_crash_odds = 0;
  /// In one of so many turns the connection between two nodes loses what is
  /// sent, until it is mended or the run goes on without one of them; 0: never.
  std::uint32_t cut_odds = 0;
  /// In one of so many turns a node stands still for a while, and may be given
  /// up meanwhile; 0: never.
  std::uint32_t pause_odds = 0;
  /// Nodes do not keep one of so many parts of checkpoints; 0: they do.
  std::uint32_t refuse_odds = 0;
  /// In one of so many turns an operator is to have other partitions, or a node
  /// to be drained; 0: never.
  std::uint32_t hand_over_odds = 0;
  /// ... and in one of so many that is taken back, if it still can be.
  std::uint32_t abort_odds = 5'000;
  /// More nodes may be lost at a time than there are replicas.
  bool lose_all_copies = false;
  /// So often may the code of a partition throw; 0: never, and the run throws.
  std::uint32_t max_attempts = 0;
  /// The supervisor names the epochs of checkpoints in one of so many turns; 0:
  /// never.
  std::uint32_t naming_odds = 0;
  /// The replay buffers of a node hold so many bytes, and what is under way
  /// when they are full; 0: any number.
  std::uint64_t replay_limit = 0;
  /// How long a partition is busy with an epoch.
  std::uint64_t busy_ns = 0;
  /// Backups go in parts of one or two slices.
  bool small_parts = false;
  /// Stop after so many turns, wherever the run is; 0: at its end.
  std::uint64_t stop_after = 0;
  planted_bug planted = planted_bug::none;
  /// Becomes the cuts of epochs that others may have seen (`hold_cuts`).
  std::shared_ptr<recorded_cuts> held_cuts = std::make_shared<recorded_cuts>();
  /// To see deadlocks: no credit arrives.
  bool lose_credits = false;
};

/// What a run was like.
struct simulation_report {
  std::uint64_t turns = 0;
  std::uint64_t messages = 0;
  std::uint64_t encoded_batches = 0;
  std::uint32_t crashes = 0; ///< of nodes and single partitions
  std::uint32_t supervisor_crashes = 0;
  std::uint32_t fenced_commands = 0;   ///< of earlier lives of the supervisor
  std::uint32_t zombies = 0;           ///< of these: given up while they ran
  std::uint32_t cuts = 0;              ///< of connections
  std::uint32_t lasting_cuts = 0;      ///< of these: until a node was given up
  std::uint32_t pauses = 0;            ///< of nodes
  std::uint32_t hand_overs = 0;        ///< that were asked for
  std::uint32_t handed_over = 0;       ///< of these: slices changed hands
  std::uint32_t taken_back = 0;        ///< of these: on request
  std::uint32_t amid = 0;              ///< losses of whatever while one went on
  drain_counts drains;                 ///< among what was asked for
  std::uint32_t recoveries = 0;        ///< that were begun
  std::uint32_t interrupted = 0;       ///< of these: by another loss
  std::uint32_t names_refused = 0;     ///< of checkpoint epochs
  std::uint32_t failures = 0;          ///< of partitions' code
  epoch_number restored_at = 0;        ///< the newest epoch of a recovery
  epoch_number stable = 0;             ///< the newest stable epoch
  event_time duration = 0;             ///< by the simulated clock
  std::uint32_t wishes = 0;            ///< for checkpoints
  std::uint32_t times_full = 0;        ///< the replay buffers of some node were
  std::uint64_t most_replay_bytes = 0; ///< that those of one node held
  /// The most that one node's partitions sent in one epoch.
  std::uint64_t largest_epoch_bytes = 0;
  /// The longest that a partition was busy with what was not stable yet.
  std::uint64_t most_unstable_ns = 0;
  /// The most that one partition had sent to another and that was not
  /// processed yet.
  epoch_number most_epochs_in_flight = 0;
  std::uint64_t most_tuples_in_flight = 0;
};

/// The run came to what must never happen: a deadlock, a queue that is not
/// bounded, a partition that does not come to an end.
class simulation_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// One run of a topology.
class simulation {
public:
  /// `graph` must outlive the simulation.
  simulation(const topology& graph, assignment owners,
             const partition_settings& settings, std::uint64_t seed,
             simulation_options options = {});
  ~simulation();

  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// Runs until all partitions are done. Throws `simulation_failure`, and what
  /// partitions throw.
  simulation_report run();

  static std::string node_name(std::uint32_t number) {
    return "node-" + std::to_string(number);
  }

  /// The clock when a run begins.
  static constexpr event_time beginning = 1'000'000;

private:
  void turn();
  void deliver(std::size_t channel);
  void step(simulated_instance& x);
  void fail(simulated_instance& x, const operator_error& error);
  void disturb();
  void crash_some();
  void crash_partitions();
  void crash_node(node_index node);
  void restart_supervisor();
  void tell_lost(node_index node);
  void give_up(node_index node);
  void end_zombie(std::size_t number);
  bool may_lose_another();
  void cut_some();
  bool mend(std::size_t number);
  void pause_some();
  void note_stopped();
  void disturb_nodes();
  void disturb_supervisor();
  void hand_over_some();
  void add_node(const std::string& name);
  std::vector<std::string> names_down() const;
  bool bring_back(const std::string& name);
  bool lead_on();
  bool is_there(node_index node) const;
  std::size_t count_there() const;
  bool is_replicated() const;
  bool copies_are_held() const;
  void skip_to_next_wake();
  void watch_replay(simulated_instance& x);
  epoch_number newest_epoch() const;
  void check_trimmed() const;
  void check_trimmed(const simulated_node& node, simulated_instance& x) const;
  simulated_instance* random_instance();
  std::string describe_instances() const;

  const topology* graph_;
  partition_settings settings_;
  simulation_options options_;
  random_generator random_;
  event_time clock_ = beginning;
  simulation_report report_;
  std::unique_ptr<simulated_network> network_;
  std::unique_ptr<flight_watch> flights_;
  std::unique_ptr<simulated_schedule> schedule_;
  std::unique_ptr<replay_watch> replay_;
  std::unique_ptr<drain_watch> drains_;
  std::unique_ptr<simulated_world> world_;
  std::unique_ptr<simulated_supervisor> supervisor_;
  std::shared_ptr<simulated_journal> journal_;
  /// Each life of a node has a number of its own; null: it is over.
  std::vector<std::unique_ptr<simulated_node>> nodes_;
  std::vector<std::string> names_; ///< of these lives
  std::set<node_index> zombies_;
  std::set<node_index> paused_;
  struct cut_connection {
    node_index one = 0;
    node_index other = 0;
    bool lasts = false;
  };
  std::vector<cut_connection> cuts_;
  /// Losses since all was backed up often enough.
  std::uint32_t losses_ = 0;
};

/// An assignment of 1 to `most_partitions` partitions an operator, the slices
/// scattered over them, and they over the nodes.
assignment scattered(const topology& graph, std::uint32_t most_partitions,
                     random_generator& random, std::uint32_t nodes = 1);

/// All slices of each operator dealt out in turn to `partitions` partitions,
/// so that none hosts neighbours.
assignment dealt(const topology& graph, std::uint32_t partitions);

} // namespace braid::simulator
