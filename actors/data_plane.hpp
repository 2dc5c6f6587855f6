// The data plane of a node: brings what links receive to partition actors, and
// what partitions send to actors here and links to other nodes.
#pragma once

#include "actors/deployment.hpp"
#include "actors/messages.hpp"
#include "actors/protocol.hpp"
#include "actors/tcp_link.hpp"
#include "actors/wire.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace braid {

/// Where the partitions of one run are, seen from one node.
struct run_routes {
  run_id run = 0;
  std::vector<edge_node> edges;
  assignment owners;
  std::vector<std::string> nodes; ///< by node_index
  node_index here = 0;
  std::map<std::pair<operator_id, partition_index>, caf::actor> local;

  /// The actor of a partition of this node.
  const caf::actor* find(operator_id id, partition_index partition) const;
};

/// Thread-safe.
class data_plane {
public:
  /// What a node wants to hear about its links; called on the I/O thread.
  struct callbacks {
    std::function<void(const std::string& peer, const std::string& reason)>
      on_peer_down;
    std::function<void(link_log, const std::string&)> on_log;
  };

  data_plane(const tcp_link_options& options, callbacks tell);
  ~data_plane();

  std::uint16_t port() const;

  link_layer& link();

  /// From now on frames of the run go to its actors.
  void add(std::shared_ptr<const run_routes> routes);
  void remove(run_id run);

  void stop();

private:
  void on_frame(const std::string& from, const incoming_frame& frame);
  void on_batch(const incoming_frame& frame);
  void on_close(const incoming_frame& frame);
  void on_credit(const incoming_frame& frame);
  std::shared_ptr<const run_routes> routes_of(run_id run) const;

  // Batches of a channel wait for each other, at the longest for their close.
  struct channel {
    run_id run;
    edge_id edge;
    partition_index from;
    partition_index to;

    bool operator<(const channel& other) const {
      return std::tie(run, edge, from, to)
             < std::tie(other.run, other.edge, other.from, other.to);
    }
  };
  void deliver(const channel& on, frame_arrival& arrived) const;
  void forget_ended();

  callbacks tell_;
  mutable std::shared_mutex mutex_;
  std::map<run_id, std::shared_ptr<const run_routes>> runs_;
  std::map<channel, frame_arrival> arrived_; // of the I/O thread
  std::unique_ptr<tcp_link> link_;           // last: its thread uses the others
};

/// The outbox of one partition.
class routed_outbox final : public outbox {
public:
  routed_outbox(partition_place place, link_layer& link)
    : place_(place), link_(&link) {}

  /// To be called before the partition sends anything.
  void route(std::shared_ptr<const run_routes> routes);

  void send_batch(const batch_target& to, batch_ptr tuples) override;
  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override;
  void send_credit(const credit_notice& notice) override;

private:
  // Batches wait for each other, at the longest for the close of their epoch.
  struct waiting_batches {
    batch_target to;
    std::vector<batch_ptr> batches;
  };
  using channel = std::pair<edge_id, partition_index>;

  void deliver(waiting_batches& waiting);

  partition_place place_;
  link_layer* link_;
  std::shared_ptr<const run_routes> routes_;
  std::map<channel, waiting_batches> waiting_;
};

} // namespace braid
