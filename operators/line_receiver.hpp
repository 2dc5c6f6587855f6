// The thread that takes lines from TCP connections.
#pragma once

#include "operators/line_inbox.hpp"
#include "operators/line_socket.hpp"
#include "operators/tcp_source.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace braid {

/// Receives lines on a thread of its own and puts them into an inbox, until the
/// stream ends or the receiver is destroyed.
class line_receiver {
public:
  /// Throws `std::runtime_error` if it cannot listen. That it cannot connect is
  /// found out later, and told to the inbox.
  line_receiver(const tcp_line_source::settings& settings, line_inbox& inbox);
  ~line_receiver();

  line_receiver(const line_receiver&) = delete;
  line_receiver& operator=(const line_receiver&) = delete;

  /// The inbox has room again. Callable from any thread.
  void resume();

private:
  struct connection {
    owned_descriptor socket;
    std::string line_begin{}; ///< of a line whose end has not come yet
  };

  /// What a connection has come to.
  enum class outcome { open, closed, lost };

  void run();
  void run_client();
  void run_listener();
  std::string connect_once();
  outcome receive(connection& from);
  void take(connection& from, const char* data, std::size_t size);
  void end_line(connection& from);
  void add_connection(owned_descriptor socket);
  void accept_one();
  void drain_signal();
  bool wait_for(int socket, short events);
  bool pause(std::chrono::milliseconds duration);
  void serve_ready();
  bool is_finished() const;
  std::string place() const;

  tcp_line_source::settings settings_;
  line_inbox* inbox_;
  owned_descriptor signal_;
  owned_descriptor listener_;
  std::vector<connection> connections_;
  std::uint64_t accepted_ = 0;
  int lost_reason_ = 0;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

} // namespace braid
