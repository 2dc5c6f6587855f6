// What the cluster says about itself: the actor tree and the state of every
// run, as plain values.
#pragma once

#include "scaling/load.hpp"
#include "scaling/scaling_decision.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// One partition, as its node sees it.
struct partition_report {
  std::string run;
  std::string operator_name;
  std::uint32_t partition = 0;
  std::string node;
  std::uint64_t actor = 0; ///< id of the actor on its node
  partition_state state = partition_state::waiting;
  std::uint32_t slices = 0;
  std::uint64_t epoch = 0;
  std::uint64_t tuples_in = 0;
  std::uint64_t tuples_out = 0;
  std::uint64_t tuples_per_second = 0; ///< taken in; by sources: emitted
  std::uint64_t busy_permille = 0;     ///< of one core
  std::uint64_t queued_epochs = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t replay_bytes = 0; ///< held to be sent again

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& operator_name& partition& node& actor& state& slices& epoch&
      tuples_in& tuples_out& tuples_per_second& busy_permille& queued_epochs&
        queued_bytes& replay_bytes;
  }
};

struct operator_report {
  std::string name;
  std::string kind; ///< source, operator, sink
  std::vector<std::string> fused;
  std::uint64_t actor = 0; ///< its operator supervisor
  std::uint32_t slices = 0;
  std::uint32_t partitions = 0;
  std::uint32_t partitions_done = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& kind& fused& actor& slices& partitions& partitions_done;
  }
};

enum class run_state : std::uint8_t {
  starting,
  running,
  complete,
  cancelled,
  failed,
};

std::string to_string(run_state x);

/// Whether the run is over, well or badly.
bool is_over(run_state x);

/// One run of a topology.
struct run_report {
  std::string name;
  std::string topology;
  run_state state = run_state::starting;
  std::string reason;             ///< why it failed
  std::int64_t submitted_at = 0;  ///< microseconds since 1970
  std::int64_t ended_at = 0;      ///< 0 while it runs
  std::string supervisor;         ///< the node where its supervisor runs
  std::uint64_t actor = 0;        ///< the topology supervisor
  std::uint64_t stable_epoch = 0; ///< what a loss goes back to
  std::uint64_t recoveries = 0;   ///< how often the run was placed anew
  std::uint64_t hand_overs = 0;   ///< that were begun
  /// The one under way, for people: "counts: 1 to 4 partitions, catching up";
  /// empty: none.
  std::string hand_over;
  /// Why the latest one that is over did not take place; empty: it did.
  std::string hand_over_problem;
  /// So many are wanted in all, as what was decided found no room; 0: what
  /// there are will do.
  std::uint32_t nodes_wanted = 0;
  /// What was decided about its parallelism, oldest first.
  std::vector<scaling_decision> decisions{};
  std::vector<std::string> warnings{}; ///< the newest last
  std::vector<operator_report> operators;
  /// Of a run that is over, as they were at its end. Until then nodes know.
  std::vector<partition_report> partitions;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& topology& state& reason& submitted_at& ended_at& supervisor&
      actor& stable_epoch& recoveries& hand_overs& hand_over& hand_over_problem&
        nodes_wanted& decisions& warnings& operators& partitions;
  }
};

/// One node of the cluster.
struct node_report {
  std::string name;
  std::uint64_t incarnation = 0;
  bool supervisor = false;
  bool lost = false;
  std::string control; ///< host:port
  std::string data;
  std::string http;
  std::uint64_t process = 0;
  std::uint64_t cores = 0;
  std::uint64_t memory_bytes = 0;      ///< resident
  std::uint64_t actor = 0;             ///< the node supervisor
  std::uint64_t holder_actor = 0;      ///< the backup holder
  std::int64_t last_heard_us = 0;      ///< how long ago
  std::uint64_t backup_bytes = 0;      ///< kept here for other nodes
  std::vector<std::string> topologies; ///< that it can run
  std::vector<partition_report> partitions;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& incarnation& supervisor& lost& control& data& http& process&
      cores& memory_bytes& actor& holder_actor& last_heard_us& backup_bytes&
        topologies& partitions;
  }
};

struct cluster_report {
  std::vector<node_report> nodes;
  std::vector<run_report> runs;   ///< newest last
  std::vector<std::string> notes; ///< of the node pool, newest last

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& nodes& runs& notes;
  }
};

} // namespace braid
