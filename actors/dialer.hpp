// Looks for the other nodes of the cluster.
#pragma once

#include "actors/node_settings.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace braid {

/// Tries addresses until somebody answers there. In a thread of its own, as
/// connecting may block: CAF's own connecting blocks for as long as the
/// system's does, for all nodes at once.
class dialer {
public:
  /// `found` is called on the dialer's thread when a connection to an address
  /// can be made, again and again until it is `settled`.
  dialer(std::chrono::microseconds connect_limit,
         std::function<void(const address&)> found);
  ~dialer();

  /// Looks for a node at `where` until it is `settled`.
  void look_for(const address& where);

  /// The node there is met; stops looking.
  void settle(const address& where);

  void stop();

private:
  void run();

  std::chrono::microseconds connect_limit_;
  std::function<void(const address&)> found_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, address> wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace braid
