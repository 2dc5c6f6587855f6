// Watches how much is between two partitions.
#pragma once

#include "tests/simulator/simulator.hpp"

#include "actors/protocol.hpp"

#include <map>
#include <tuple>

namespace braid::simulator {

/// Watches that no partition sends an epoch before the receiver has processed
/// the one `in_flight` before it.
class flight_watch {
public:
  flight_watch(const topology& graph, epoch_number in_flight,
               simulation_report& report)
    : graph_(&graph), in_flight_(in_flight), report_(&report) {}

  /// Throws `simulation_failure` if that is too much. `stable` is the newest
  /// stable epoch that the sender has heard of.
  void note_sent(partition_index from, const batch_target& to,
                 std::uint64_t tuples, epoch_number stable);
  void note_finished(const credit_notice& credit);

private:
  /// What one partition has sent another on an edge.
  struct flight {
    epoch_number sent = 0;
    epoch_number finished = 0;
    std::map<epoch_number, std::uint64_t> tuples; ///< of unfinished epochs
    std::uint64_t tuples_in_flight = 0;
  };

  std::string name_of(operator_id id, partition_index index) const;

  const topology* graph_;
  epoch_number in_flight_;
  simulation_report* report_;
  /// By edge, upstream and downstream partition.
  std::map<
    std::tuple<edge_id, partition_index, partition_index, generation_number>,
    flight>
    flights_;
};

} // namespace braid::simulator
