// The network of the simulator: a queue from everybody to everybody, and what
// is under way in them.
#pragma once

#include "tests/simulator/simulated_messages.hpp"
#include "tests/simulator/simulator.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace braid::simulator {

/// Stands for the supervisor, which is beside all nodes.
inline constexpr auto at_supervisor = ~node_index{0};

/// Who sends or gets a message: a partition on some node, or the node itself.
/// Partitions are numbered through.
struct endpoint {
  static constexpr auto node_itself = ~std::size_t{0};

  node_index node = 0;
  std::size_t partition = node_itself;

  bool operator<(const endpoint& other) const {
    return std::tie(node, partition) < std::tie(other.node, other.partition);
  }
};

/// Messages from one endpoint to another arrive in the order in which they were
/// sent; those of different pairs in any order.
class simulated_network {
public:
  simulated_network(const simulation_options& options,
                    random_generator& random);

  void send(const endpoint& from, const endpoint& to, message what);

  /// How many channels have messages.
  std::size_t busy_channels() const {
    return busy_.size();
  }

  std::uint32_t slowness_of(std::size_t busy_channel) const {
    return channels_[busy_[busy_channel]].slowness;
  }

  /// Where the head of a busy channel goes.
  node_index receiver_of(std::size_t busy_channel) const {
    return channels_[busy_[busy_channel]].ends.to.node;
  }

  /// Of what is under way between two nodes, the end of it is lost, and so is
  /// all that they send each other until the connection is mended.
  void cut(node_index one, node_index other);
  void mend(node_index one, node_index other);

  struct delivery {
    endpoint from;
    endpoint to;
    message what;
    std::uint64_t supervisor_life = 0; ///< to or from which it went
  };

  /// Takes the head of a busy channel off; nothing if it does not arrive.
  std::optional<delivery> take(std::size_t busy_channel);

  /// What is under way to the supervisor is lost; what is from it arrives.
  void begin_supervisor_life() {
    ++supervisor_life_;
  }

  /// Counts the supervisor's lives.
  std::uint64_t supervisor_life() const {
    return supervisor_life_;
  }

private:
  /// From one place to another. Lives of the supervisor come and go by ways of
  /// their own, so they may overtake.
  struct channel_ends {
    endpoint from;
    endpoint to;
    std::uint64_t supervisor_life = 0;

    bool operator<(const channel_ends& other) const {
      return std::tie(from, to, supervisor_life)
             < std::tie(other.from, other.to, other.supervisor_life);
    }
  };

  struct channel {
    channel_ends ends;
    std::uint32_t slowness = 1;
    std::deque<message> messages;
  };

  bool is_cut(const endpoint& from, const endpoint& to) const {
    return cut_.contains(std::minmax(from.node, to.node));
  }

  const simulation_options* options_;
  random_generator* random_;
  std::uint64_t supervisor_life_ = 0;
  std::vector<channel> channels_;
  std::map<channel_ends, std::size_t> channel_between_;
  std::vector<std::size_t> busy_;
  std::set<std::pair<node_index, node_index>> cut_;
};

} // namespace braid::simulator
