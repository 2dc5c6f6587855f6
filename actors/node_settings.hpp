// What a node is told when it starts, however it was configured.
#pragma once

#include "actors/deployment.hpp"
#include "actors/savepoint_messages.hpp"

#include "scaling/node_pool.hpp"
#include "scaling/scaling_settings.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// host and port of one of a node's three doors.
struct address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool operator==(const address&) const = default;
};

/// "host:port"
std::string to_string(const address& x);

struct node_settings {
  std::string name = "node-0";
  bool supervisor = true; ///< supervises topologies
  address control;        ///< port 0: any free one
  address data;
  /// Only told to others: the node does not serve HTTP itself.
  address http;
  /// Control addresses of the nodes to look for, in any order.
  std::vector<address> look_for;

  std::chrono::microseconds heartbeat{500'000};
  std::chrono::microseconds lost_after{3'000'000};
  std::chrono::microseconds request_limit{2'000'000};
  std::chrono::microseconds connect_limit{2'000'000};
  std::chrono::microseconds submit_limit{10'000'000};
  std::chrono::microseconds stop_limit{5'000'000};

  std::size_t threads = 0; ///< of the scheduler; 0: by the number of cores
  std::size_t messages_per_turn = 5;

  /// How many partitions of a run it takes at most; 0: any number. Those of a
  /// lost node may be more.
  std::uint32_t most_partitions = 0;

  /// Where a supervising node writes its decisions; empty: nowhere, and they
  /// are lost with the process.
  std::filesystem::path journal;
  /// How long it waits for the other nodes when it was started again.
  std::chrono::microseconds return_limit{10'000'000};

  /// Kept for other nodes at most.
  std::uint64_t backup_bytes = std::uint64_t{4} << 30;
  /// Kept to be sent again after a loss at most, by all partitions together.
  std::uint64_t replay_bytes = std::uint64_t{1} << 30;

  savepoint_settings savepoints;

  scaling_settings scaling;
  /// For topologies that differ from that, by name.
  std::map<std::string, scaling_settings> scaling_of;

  pool_settings pool;

  const scaling_settings& scaling_for(const std::string& topology) const {
    auto found = scaling_of.find(topology);
    return found == scaling_of.end() ? scaling : found->second;
  }

  run_settings runs; ///< for the topologies that this node supervises
};

/// For an answer that may have to wait until a savepoint is read.
inline std::chrono::microseconds
savepoint_limit(const node_settings& settings) {
  return std::max<std::chrono::microseconds>(settings.submit_limit,
                                             std::chrono::minutes{10});
}

} // namespace braid
