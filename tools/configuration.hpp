// The configuration of a node process: what it may say, its defaults, and how
// it is read from a TOML file. docs/configuration.md is its reference.
#pragma once

#include "tools/endpoint.hpp"

#include "scaling/node_pool.hpp"
#include "scaling/scaling_settings.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

enum class log_level : std::uint8_t { trace, debug, info, warning, error, off };

enum class log_format : std::uint8_t { text, json };

/// A part of a node with a log level and a logger of its own.
struct log_component {
  std::string_view name;
  std::string_view about; ///< what its messages tell
};

inline constexpr std::array<log_component, 6> log_components{{
  {"node", "Starting, stopping, plug-ins and membership."},
  {"control", "Commands and reports between nodes."},
  {"data", "Links that carry batches and state."},
  {"topology", "Supervising topologies: placement, checkpoints, recovery."},
  {"partition", "The work of single partitions."},
  {"http", "Requests of braidctl and browsers."},
}};

/// What is logged, how and where to.
struct logging_settings {
  log_level level = log_level::info;
  log_format format = log_format::text;
  std::filesystem::path file; ///< empty: standard error
  /// For components that differ from `level`.
  std::map<std::string, log_level, std::less<>> levels;

  friend bool operator==(const logging_settings&,
                         const logging_settings&) = default;
};

/// Everything that can be set about a node process. The initial values here are
/// the defaults, wherever they are printed or documented; units, ranges and
/// meanings stand in tools/configuration_keys.cpp.
struct node_configuration {
  struct node_settings {
    std::string name = "node-0";
    bool supervisor = true;
    std::uint64_t max_partitions = 0;

    friend bool operator==(const node_settings&,
                           const node_settings&) = default;
  };

  struct cluster_settings {
    std::vector<endpoint> nodes;
    std::chrono::microseconds heartbeat = std::chrono::milliseconds{500};
    std::chrono::microseconds lost_after = std::chrono::seconds{3};

    friend bool operator==(const cluster_settings&,
                           const cluster_settings&) = default;
  };

  struct journal_settings {
    std::filesystem::path folder; ///< empty: none is kept
    std::chrono::microseconds wait = std::chrono::seconds{10};

    friend bool operator==(const journal_settings&,
                           const journal_settings&) = default;
  };

  struct listen_settings {
    endpoint listen;

    friend bool operator==(const listen_settings&,
                           const listen_settings&) = default;
  };

  struct security_settings {
    bool insecure = false;

    friend bool operator==(const security_settings&,
                           const security_settings&) = default;
  };

  struct plugin_settings {
    /// Absolute paths of readable files.
    std::vector<std::filesystem::path> topologies;

    friend bool operator==(const plugin_settings&,
                           const plugin_settings&) = default;
  };

  struct scheduler_settings {
    std::uint64_t threads = 0; ///< 0: by the number of cores
    std::uint64_t messages_per_turn = 5;

    friend bool operator==(const scheduler_settings&,
                           const scheduler_settings&) = default;
  };

  struct epoch_settings {
    std::chrono::microseconds length = std::chrono::milliseconds{5};
    std::chrono::microseconds idle_length = std::chrono::milliseconds{500};
    std::uint64_t in_flight = 4;
    std::uint64_t max_tuples = 65536;
    std::uint64_t max_bytes = 1 << 20;

    friend bool operator==(const epoch_settings&,
                           const epoch_settings&) = default;
  };

  struct batch_settings {
    std::uint64_t size = 64 << 10; ///< bytes

    friend bool operator==(const batch_settings&,
                           const batch_settings&) = default;
  };

  struct checkpoint_settings {
    bool enabled = true;
    std::chrono::microseconds interval = std::chrono::seconds{1};
    std::uint64_t replicas = 1;
    std::uint64_t max_attempts = 3;
    std::uint64_t memory = std::uint64_t{4} << 30;        ///< bytes
    std::uint64_t replay_memory = std::uint64_t{1} << 30; ///< bytes
    std::chrono::microseconds replay_budget = std::chrono::milliseconds{300};

    friend bool operator==(const checkpoint_settings&,
                           const checkpoint_settings&) = default;
  };

  struct savepoint_settings {
    /// Empty: the folder `savepoints` where the node was started.
    std::filesystem::path directory;
    std::chrono::microseconds interval{0}; ///< 0: only when asked for
    std::uint64_t keep = 3;

    friend bool operator==(const savepoint_settings&,
                           const savepoint_settings&) = default;
  };

  struct timeout_settings {
    std::chrono::microseconds request = std::chrono::seconds{2};
    std::chrono::microseconds connect = std::chrono::seconds{2};
    std::chrono::microseconds stop = std::chrono::seconds{5};
    std::chrono::microseconds submit = std::chrono::seconds{10};

    friend bool operator==(const timeout_settings&,
                           const timeout_settings&) = default;
  };

  node_settings node;
  cluster_settings cluster;
  journal_settings journal;
  listen_settings control{{"127.0.0.1", 4700}};
  listen_settings data{{"127.0.0.1", 4701}};
  listen_settings http{{"127.0.0.1", 4780}};
  security_settings security;
  plugin_settings plugins;
  scheduler_settings scheduler;
  epoch_settings epochs;
  batch_settings batches;
  checkpoint_settings checkpoints;
  savepoint_settings savepoints;
  scaling_settings scaling;
  /// For topologies that differ, by name.
  std::map<std::string, scaling_settings> scaling_of;
  pool_settings pool;
  timeout_settings timeouts;
  logging_settings logging;

  friend bool operator==(const node_configuration&,
                         const node_configuration&) = default;
};

/// What is wrong with a configuration. what() is one line that names the place
/// and the remedy: `FILE:LINE: section.key: problem; remedy`, or
/// `--set section.key=value: problem; remedy`.
class configuration_error : public std::runtime_error {
public:
  /// Control characters in `message` are replaced, so that it stays one line.
  explicit configuration_error(const std::string& message);
};

/// Reads the TOML file, then applies `overrides`, each "section.key=value"
/// (what
/// --set takes), in order. An override has precedence over the file and passes
/// the same checks; its strings need no quotes, and its lists may be written
/// with commas alone. Without a file (an empty path), overrides apply to the
/// defaults.
///
/// Relative paths are relative to the file's folder in the file, to the current
/// folder in overrides; the result has absolute ones.
///
/// @throws configuration_error about the first thing that is wrong.
node_configuration
load_configuration(const std::filesystem::path& file,
                   const std::vector<std::string>& overrides = {});

/// A complete TOML file that says `configuration`: every key with its value,
/// its range and one line of why. Loading it gives `configuration` again.
std::string print_configuration(const node_configuration& configuration);

/// `print_configuration` of the defaults.
std::string default_configuration();

} // namespace braid
