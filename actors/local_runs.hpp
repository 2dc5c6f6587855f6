// The partitions that run on this node, by run.
#pragma once

#include "actors/data_plane.hpp"
#include "actors/deployment.hpp"
#include "actors/messages.hpp"
#include "actors/reports.hpp"
#include "actors/topology_registry.hpp"

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// Makes, starts and stops partitions on behalf of the node supervisor. Not
/// thread-safe.
class local_runs {
public:
  using clock = std::chrono::steady_clock;

  local_runs(std::string here, const topology_registry& registry,
             data_plane& plane);

  /// Makes this node's partitions of a run; they wait for `start`. `tell` is
  /// called from their threads when one ends. Deploying a run again does
  /// nothing. Throws an exception whose text is for the user if that fails;
  /// then nothing of the run is left here.
  void deploy(caf::event_based_actor* self, const deployment& plan,
              const std::function<void(const partition_event&)>& tell);

  void start(run_id run);

  /// Ends the run here. Returns its partitions as they were at their end.
  std::vector<partition_report> stop(run_id run);

  void stop_all();

  /// The runs that need a link to `peer`.
  std::vector<run_id> runs_with(const std::string& peer) const;

  /// The state of all partitions, rates as of the last `sample`.
  std::vector<partition_report> report() const;

  /// Takes the figures from which rates are computed. Call it regularly.
  void sample(clock::time_point now);

private:
  struct local_partition {
    partition_report report; ///< what does not change, and the rates
    caf::actor actor;
    std::shared_ptr<const partition_load> load;
    bool source = false;
    std::uint64_t tuples_before = 0;
    std::uint64_t busy_before = 0;
  };

  static partition_report report_of(const local_partition& known);
  static partition_report last_report_of(const local_partition& known);

  struct local_run {
    deployment plan;
    std::unique_ptr<topology> graph;
    std::vector<local_partition> partitions;
  };

  struct made_partition;
  std::vector<made_partition> make_partitions(const deployment& plan,
                                              const topology& graph,
                                              node_index here) const;
  void connect_peers(const deployment& plan);

  std::string here_;
  const topology_registry* registry_;
  data_plane* plane_;
  std::map<run_id, local_run> runs_;
  clock::time_point sampled_at_ = clock::now();
};

} // namespace braid
