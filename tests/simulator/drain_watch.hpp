// Sees that nothing is left on nodes that were drained.
#pragma once

#include "tests/simulator/random_change.hpp"

#include "actors/run_logic.hpp"

#include "operators/topology.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace braid::simulator {

/// What became of drains.
struct drain_counts {
  std::uint64_t ordered = 0; ///< of nodes that something ran on
  std::uint64_t carried_out = 0;
  std::uint64_t disturbed = 0; ///< something was lost, or they were taken back
  /// Partitions that have begun again elsewhere, nothing having been lost.
  std::uint64_t sources = 0;
  std::uint64_t sinks = 0;
  /// Losses while one of these began again.
  std::uint64_t amid = 0;

  drain_counts& operator+=(const drain_counts& other);
};

std::string to_string(const drain_counts& x);

class drain_watch {
public:
  /// Whether some instance is on a node, whatever the supervisor believes.
  using hosting = std::function<bool(node_index)>;

  /// `graph` must outlive the watch.
  drain_watch(const topology& graph, drain_counts& counts, hosting hosts)
    : graph_(&graph), counts_(&counts), hosts_(std::move(hosts)) {}

  void on_order(const scaling_plan& what, const run_logic& logic);

  /// Something was lost, or a node has joined: what is under way may come to
  /// nothing, but the supervisor says so.
  void on_disturbance(const run_logic& logic);

  /// It does not: whoever gave the order has taken it back, or the supervisor
  /// has forgotten it.
  void on_end(const run_logic& logic);

  /// To be called whenever the supervisor may have learned something. Throws
  /// `simulation_failure` if something runs where nothing may.
  void look(const run_logic& logic);

private:
  void note_begun_again(const run_logic& logic);
  void check(const run_logic& logic);
  void check_empty(const run_logic& logic, node_index node) const;

  const topology* graph_;
  drain_counts* counts_;
  hosting hosts_;
  std::optional<scaling_plan> under_way_;
  bool disturbed_ = false; ///< what is under way was
  std::set<node_index> drained_;
  generation_number checked_ = 0;
};

} // namespace braid::simulator
