// A node: one process's part of the cluster, with its actors and its links.
#pragma once

#include "actors/deployment.hpp"
#include "actors/node_settings.hpp"
#include "actors/reports.hpp"
#include "actors/scaling_messages.hpp"
#include "actors/topology_registry.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace braid {

/// A request to the cluster was refused or not answered. The message is for
/// the user.
class request_error : public std::runtime_error {
public:
  explicit request_error(const std::string& message, bool not_answered = false)
    : std::runtime_error(message), unanswered(not_answered) {}

  /// Nobody refused: who should answer did not. Asking again may help.
  bool unanswered;
};

/// A node cannot listen at an address. The message begins with the key of the
/// address in the configuration: "control.listen: ".
class listen_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Runs from construction to `stop`. Thread-safe; the requests block for as
/// long as the settings' limits.
class node {
public:
  /// Binds the control and data addresses and begins to look for the other
  /// nodes. Throws `listen_error` naming the address if that fails.
  node(node_settings settings, topology_registry registry);

  ~node();

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// As given, but with the ports that were really bound.
  const node_settings& settings() const;

  /// Told to the other nodes: where this one serves HTTP. To be called before
  /// anybody asks.
  void serve_http_at(const address& where);

  /// Starts a topology and returns the name of the run once it runs.
  std::string submit(const submission& asked);

  void cancel(const std::string& run);

  /// Begins to give operators other partitions, or nodes nothing more to do;
  /// the run's report tells how it goes on.
  scaling_answer rescale(const scaling_order& order);

  cluster_report report();

  /// Begins to take a savepoint of a run, and returns its name.
  std::string savepoint(const savepoint_order& order);

  /// All savepoints that there are, are under way or have failed.
  std::vector<savepoint_report> savepoints();

  /// How one is; `savepoint_stage::written` once it is there.
  savepoint_report savepoint_status(const std::string& name);

  /// Reads all of it.
  savepoint_report verify_savepoint(const std::string& name);

  /// Waits until the run is over, or for `limit`; returns how it stands then.
  /// Throws `request_error` if there is no such run.
  run_report wait(const std::string& run, std::chrono::milliseconds limit);

  /// Stops everything within the settings' `stop_limit`. What runs here fails
  /// elsewhere. Called by the destructor, too.
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace braid
