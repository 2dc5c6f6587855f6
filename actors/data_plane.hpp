// The data plane of a node: brings what links receive to the actors here.
#pragma once

#include "actors/arrival_window.hpp"
#include "actors/messages.hpp"
#include "actors/routed_outbox.hpp"
#include "actors/tcp_link.hpp"
#include "actors/void_channels.hpp"
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

/// Thread-safe.
class data_plane {
public:
  /// What a node wants to hear about its links; called on the I/O thread.
  struct callbacks {
    std::function<void(const std::string& peer, const std::string& reason)>
      on_peer_down;
    std::function<void(const std::string& peer)> on_peer_up;
    std::function<void(link_log, const std::string&)> on_log;
  };

  data_plane(const tcp_link_options& options, callbacks tell);
  ~data_plane();

  std::uint16_t port() const;

  link_layer& link();

  /// What others back up here, and parts of what is restored here, goes to this
  /// actor. To be called once, before there are peers.
  void give_backups_to(caf::actor holder) {
    holder_ = std::move(holder);
  }

  /// From now on frames of the run go to its actors, which `tell` tells of the
  /// routes, and must not block. Frames wait meanwhile: none comes to an actor
  /// before what it was told, and what comes of that is not missed.
  void add(std::shared_ptr<const run_routes> routes,
           const std::function<void()>& tell);
  void remove(run_id run);

  /// The run has come to this generation: what comes from a node to which the
  /// connection breaks is void up to it.
  void on_generation(run_id run, generation_number generation);

  void stop();

private:
  void on_frame(const std::string& from, const incoming_frame& frame);
  void on_batch(const std::string& from, const incoming_frame& frame);
  void on_close(const std::string& from, const incoming_frame& frame);
  void on_credit(const std::string& from, const incoming_frame& frame);
  void on_unreadable(const std::string& from, const std::string& reason);
  bool is_void(const std::string& from, run_id run,
               generation_number generation) const;
  template <class Receipt>
  void on_receipt(const std::string& from, const Receipt& receipt);
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
  caf::actor holder_;
  /// Parts of what is restored here that are not loaded yet. They are read into
  /// bodies that the link keeps, as long as there are no more of them than
  /// that.
  std::shared_ptr<arrival_window> restored_;
  mutable std::shared_mutex mutex_;
  std::map<run_id, std::shared_ptr<const run_routes>> runs_;
  void_channels void_;
  std::map<channel, frame_arrival> arrived_; // of the I/O thread
  std::unique_ptr<tcp_link> link_;           // last: its thread uses the others
};

} // namespace braid
