// Runs a whole topology in one thread, from one seed: every partition's logic
// as it is, a network that delays each channel on its own, a clock that moves
// only here. The same seed makes the same run.
#pragma once

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

class simulated_holder;
class simulated_network;

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
  /// In one of so many turns some partitions crash, and are restored a while
  /// later; 0: never. Needs checkpoints.
  std::uint32_t crash_odds = 0;
  std::uint32_t most_crashes = 10;
  /// Where the cuts are held that sources wait for (`hold_cuts`), and from
  /// where restored ones repeat them.
  std::shared_ptr<recorded_cuts> held_cuts = std::make_shared<recorded_cuts>();
  /// To see deadlocks: no credit arrives.
  bool lose_credits = false;
};

/// What a run was like.
struct simulation_report {
  std::uint64_t turns = 0;
  std::uint64_t messages = 0;
  std::uint64_t encoded_batches = 0;
  std::uint32_t crashes = 0; ///< of partitions
  epoch_number stable = 0;   ///< the newest stable epoch
  event_time duration = 0;   ///< by the simulated clock
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

  /// The clock when a run begins.
  static constexpr event_time beginning = 1'000'000;

private:
  struct hosted_partition {
    std::string name;
    partition_place place;
    /// Null between crash and recovery.
    std::unique_ptr<partition> logic{};
    std::uint32_t slowness = 1;
    bool ready = true; ///< listed in `ready_`
    bool done = false;
    std::optional<event_time> wake_at{};
  };

  std::unique_ptr<partition> make(std::size_t index, const restoring& restored);
  void turn();
  void crash_some();
  void recover();
  void announce(std::size_t index);
  void trim_to_stable();
  void deliver(std::size_t channel);
  void step(std::size_t index);
  void make_ready(std::size_t index);
  void wake_sleepers();
  void skip_to_next_wake();
  std::string describe_members() const;

  const topology* graph_;
  assignment owners_;
  partition_settings settings_;
  simulation_options options_;
  random_generator random_;
  event_time clock_ = beginning;
  event_time next_wake_ = end_of_time;
  simulation_report report_;
  std::unique_ptr<simulated_holder> holder_;
  std::unique_ptr<simulated_network> network_;
  std::vector<hosted_partition> members_;
  std::vector<std::size_t> ready_;   ///< members that may have something to do
  std::vector<std::size_t> down_;    ///< members that have crashed
  generation_number generation_ = 0; ///< of the latest recovery
};

/// An assignment of 1 to `most_partitions` partitions an operator, the slices
/// scattered over them.
assignment scattered(const topology& graph, std::uint32_t most_partitions,
                     random_generator& random);

/// All slices of each operator dealt out in turn to `partitions` partitions,
/// so that none hosts neighbours.
assignment dealt(const topology& graph, std::uint32_t partitions);

} // namespace braid::simulator
