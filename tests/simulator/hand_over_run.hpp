// Runs a topology in one thread while slices change hands again and again, and
// nodes, connections and the supervisor are lost meanwhile: partitions and the
// life of a run as they are, and messages that are delayed at random. One
// holder, which is never lost, stands for all.
#pragma once

#include "tests/simulator/drain_watch.hpp"

#include "actors/held_backups.hpp"
#include "actors/make_partition.hpp"
#include "actors/recovery_collector.hpp"
#include "actors/run_logic.hpp"

#include "operators/random.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulator {

class hand_over_run {
public:
  struct settings {
    partition_settings partitions;
    /// In one of so many turns somebody asks for other partitions, or for a
    /// node to be drained ...
    std::uint32_t hand_over_odds = 200;
    /// ... or takes that back; 0: never.
    std::uint32_t abort_odds = 0;
    /// In one of so many turns a node, a connection or the supervisor is lost;
    /// 0: never.
    std::uint32_t loss_odds = 0;
    std::uint64_t most_losses = 10;
    std::uint64_t most_hand_overs = 30;
    std::uint64_t most_turns = 5'000'000;
  };

  /// What happened.
  struct report {
    std::uint64_t turns = 0;
    std::uint64_t begun = 0;
    std::uint64_t committed = 0;
    std::uint64_t joined = 0; ///< of these, with several origins
    std::uint64_t aborted = 0;
    std::uint64_t losses = 0;
    std::uint64_t amid = 0; ///< of these, while slices changed hands
    drain_counts drains;
  };

  hand_over_run(const topology& graph, assignment owners, settings how,
                std::uint64_t seed);
  ~hand_over_run();

  hand_over_run(const hand_over_run&) = delete;
  hand_over_run& operator=(const hand_over_run&) = delete;

  /// Throws `simulation_failure` if it does not come to an end, and what
  /// partitions throw.
  report run();

private:
  class sender;

  struct instance {
    node_index node = 0;
    std::unique_ptr<outbox> out; // before `logic`, which sends to it
    std::unique_ptr<partition> logic;
    generation_number generation = 0;
    bool may_step = false;
    bool done = false;
  };

  using delivery = std::function<void()>;
  using channel = std::pair<partition_place, partition_place>;

  void send(const partition_place& from, const partition_place& to,
            generation_number generation, std::function<void(partition&)> what);
  void carry_out(const run_logic::actions& actions);
  void carry_out(const run_logic::action& action);
  void make(const deployment& plan, const partition_place& place,
            const restoring& from);
  void recover(const recovery& what, node_index node);
  void place(node_index node, const deployment& plan);
  void resume(const resumption& what, node_index node);
  void stop_origins(node_index node);
  void tell_supervisor(delivery what);
  void turn();
  void step(const partition_place& place, instance& x);
  void deliver_one();
  void disturb();
  void note_progress();
  std::vector<partition_place> places_on(node_index node) const;
  std::vector<node_index> workers() const;
  node_index node_of(const partition_place& place) const;
  bool runs_on(node_index node) const;
  void lose_something();
  void lose_node(node_index node);
  void break_link(node_index one, node_index other);
  void restart_supervisor();
  std::string describe() const;

  const topology* graph_;
  settings how_;
  random_generator random_;
  std::unique_ptr<run_logic> logic_;
  held_backups held_{"holder", {}};
  std::map<partition_place, instance> instances_;
  std::map<channel, std::deque<delivery>> network_;
  /// Between two nodes: what carries no higher generation does not arrive.
  std::map<std::pair<node_index, node_index>, generation_number> void_;
  std::map<node_index, std::deque<delivery>> commands_;
  std::deque<delivery> reports_;
  /// What nodes keep to tell a later life of the supervisor.
  std::vector<checkpoint_report> told_;
  std::uint64_t lives_ = 1; ///< of nodes, in all
  report report_;
  drain_watch drains_;
  std::size_t committed_generation_ = 0;
  event_time clock_ = 1'000'000;
  bool complete_ = false;
};

} // namespace braid::simulator
