// The network of the simulator: a queue from each partition to each other one,
// and what is under way on them.
#pragma once

#include "tests/simulator/simulated_holder.hpp"
#include "tests/simulator/simulator.hpp"

#include "actors/protocol.hpp"

#include <deque>
#include <map>
#include <variant>

namespace braid::simulator {

/// Messages from one partition to another arrive in the order in which they
/// were sent; those of different pairs in any order.
///
/// Watches that no partition sends an epoch before the receiver has processed
/// the one `in_flight` before it.
class simulated_network {
public:
  /// Partitions are numbered through, operator by operator.
  simulated_network(const topology& graph, const assignment& owners,
                    epoch_number in_flight, const simulation_options& options,
                    random_generator& random, simulation_report& report,
                    simulated_holder& holder);
  ~simulated_network();

  outbox& outbox_of(std::size_t partition) const;

  std::size_t partition_at(operator_id id, partition_index index) const {
    return first_partition_[id] + index;
  }

  /// How many channels have messages.
  std::size_t busy_channels() const {
    return busy_.size();
  }

  std::uint32_t slowness_of(std::size_t busy_channel) const {
    return channels_[busy_[busy_channel]].slowness;
  }

  /// The partition at the end of a busy channel.
  std::size_t receiver_of(std::size_t busy_channel) const {
    return channels_[busy_[busy_channel]].to;
  }

  /// Hands the head of a busy channel to `receiver`, unless that is null, or
  /// the message is from, or for, an earlier instance.
  void deliver(std::size_t busy_channel, partition* receiver);

  /// The partition is another instance from now on, which has finished all
  /// epochs up to `finished`.
  void restart(operator_id id, partition_index index, epoch_number finished);

private:
  struct batch_message {
    edge_id edge = 0;
    partition_index from = 0;
    epoch_number epoch = 0;
    batch_ptr tuples;
  };

  using message = std::variant<batch_message, close_notice, credit_notice>;

  struct envelope {
    message what;
    std::uint64_t from_life = 0;
    std::uint64_t to_life = 0;
  };

  struct channel {
    std::size_t from = 0;
    std::size_t to = 0;
    std::uint32_t slowness = 1;
    std::deque<envelope> messages;
  };

  /// What one partition has sent another on an edge.
  struct flight {
    epoch_number sent = 0;
    epoch_number finished = 0;
    std::map<epoch_number, std::uint64_t> tuples; ///< of unfinished epochs
    std::uint64_t tuples_in_flight = 0;
  };

  class sender;

  void send(std::size_t from, std::size_t to, message what);
  void note_sent(const edge_node& edge, partition_index from,
                 partition_index to, epoch_number epoch, std::uint64_t tuples);
  void note_finished(const credit_notice& credit);
  std::string name_of(operator_id id, partition_index index) const;

  const topology* graph_;
  const assignment* owners_;
  epoch_number in_flight_;
  const simulation_options* options_;
  random_generator* random_;
  simulation_report* report_;
  simulated_holder* holder_;
  std::vector<std::size_t> first_partition_; ///< by operator
  std::vector<std::unique_ptr<sender>> senders_;
  std::vector<std::uint64_t> lives_; ///< by partition
  std::vector<channel> channels_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> channel_between_;
  std::vector<std::size_t> busy_;
  /// By edge, upstream and downstream partition.
  std::map<std::tuple<edge_id, partition_index, partition_index>, flight>
    flights_;
};

} // namespace braid::simulator
