// The network of the simulator: a queue from each partition to each other one,
// and what is under way on them.
#pragma once

#include "tests/simulator/simulated_holder.hpp"
#include "tests/simulator/simulator.hpp"

#include "actors/protocol.hpp"

#include <deque>
#include <map>
#include <optional>
#include <tuple>
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

  /// The partition at the end of a busy channel; nothing if it leads to the
  /// holder.
  std::optional<std::size_t> receiver_of(std::size_t busy_channel) const {
    auto to = channels_[busy_[busy_channel]].ends.to;
    return to == holder_index() ? std::nullopt : std::optional{to};
  }

  /// Hands the head of a busy channel to the holder, or else to `receiver`
  /// unless that is null.
  void deliver(std::size_t busy_channel, partition* receiver);

  /// The partition is another instance from now on. What the one before still
  /// had under way to the holder is void; all else arrives, sooner or later.
  void restart(std::size_t partition) {
    ++lives_[partition];
  }

  /// Tells a partition that a channel from upstream begins anew.
  void send_renewal(std::size_t to, edge_id edge, partition_index from,
                    generation_number generation);
  void send_stable(std::size_t to, epoch_number epoch);

private:
  struct batch_message {
    batch_origin from;
    batch_ptr tuples;
  };

  struct renewal {
    edge_id edge = 0;
    partition_index from = 0;
    generation_number generation = 0;
  };

  struct cuts_held {
    epoch_number epoch = 0;
  };

  struct stable_notice {
    epoch_number epoch = 0;
  };

  using message =
    std::variant<batch_message, close_notice, credit_notice, renewal,
                 stable_notice, cut_notice, cuts_held, partition_checkpoint>;

  /// From one instance to another, or to or from the holder. Others come and go
  /// by ways of their own, so they may overtake.
  struct channel_ends {
    std::size_t from = 0;
    std::size_t to = 0;
    std::uint64_t from_life = 0;
    std::uint64_t to_life = 0;

    bool operator<(const channel_ends& other) const {
      return std::tie(from, to, from_life, to_life)
             < std::tie(other.from, other.to, other.from_life, other.to_life);
    }
  };

  struct channel {
    channel_ends ends;
    std::uint32_t slowness = 1;
    std::deque<message> messages;
  };

  /// What one partition has sent another on an edge.
  struct flight {
    epoch_number sent = 0;
    epoch_number finished = 0;
    std::map<epoch_number, std::uint64_t> tuples; ///< of unfinished epochs
    std::uint64_t tuples_in_flight = 0;
  };

  class sender;

  std::size_t holder_index() const {
    return senders_.size();
  }

  void send(std::size_t from, std::size_t to, message what);
  void deliver_to_holder(const channel_ends& on, message what);
  static void hand_over(message what, partition& receiver);
  void note_sent(partition_index from, const batch_target& to,
                 std::uint64_t tuples);
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
  std::map<channel_ends, std::size_t> channel_between_;
  std::vector<std::size_t> busy_;
  /// By edge, upstream and downstream partition.
  std::map<
    std::tuple<edge_id, partition_index, partition_index, generation_number>,
    flight>
    flights_;
};

} // namespace braid::simulator
