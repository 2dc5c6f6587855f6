// Looks for the other nodes of the cluster.
#pragma once

#include "actors/dial_turn.hpp"
#include "actors/node_settings.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace braid {

/// Tries addresses until somebody answers there. In a thread of its own, as
/// connecting may block: CAF's own connecting blocks for as long as the
/// system's does, for all nodes at once.
///
/// Of two nodes that look for each other, the one with the higher address, as
/// both of them see it, connects first (`dial_turn`).
///
/// The connection by which an address was tried stays open beside CAF's own. If
/// it closed just before that is accepted, both would have the same descriptor
/// on the other side, and CAF would take the end of the one for that of the
/// other: it would forget the node, but keep the connection.
class dialer {
public:
  /// `found` is called on the dialer's thread when it is time to connect to an
  /// address, again and again until that is `settled`.
  dialer(std::chrono::microseconds connect_limit,
         std::function<void(const address&)> found);
  ~dialer();

  /// The port at which this node is found. To be called before `look_for`.
  void listens_at(std::uint16_t port);

  /// Looks for a node at `where` until it is `settled`.
  void look_for(const address& where);

  /// The node there is met; stops looking.
  void settle(const address& where);

  void stop();

private:
  struct trial;

  struct search {
    address where;
    dial_turn turn;
    std::shared_ptr<trial> open;
  };

  void run();
  std::map<std::string, search> due() const;
  dial_turn::clock::time_point earliest() const;
  void try_now(const std::string& name, search what);

  std::chrono::microseconds connect_limit_;
  std::function<void(const address&)> found_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, search> wanted_;
  std::map<std::string, std::shared_ptr<trial>> settled_;
  std::uint16_t own_port_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace braid
