// The sockets of a node's HTTP interface.
#pragma once

#include "tools/http_api.hpp"

#include "actors/node_settings.hpp"

#include <memory>

namespace braid {

/// Few threads, and time limits on everything: whoever connects and says
/// nothing costs a thread for seconds, no more.
class http_server {
public:
  /// Listens, but answers only after `start`. Throws `listen_error` naming the
  /// address.
  explicit http_server(const address& where);

  ~http_server();

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// With the port that was really bound.
  const address& where() const;

  /// To be called once.
  void start(http_api api);

  /// Ends when the questions at hand are answered. Called by the destructor,
  /// too.
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace braid
