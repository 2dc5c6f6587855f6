// The life of one run of a topology, as the topology supervisor leads it.
#pragma once

#include "actors/deployment.hpp"
#include "actors/reports.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// Decides what nodes are told. Pure: events in, commands out.
///
/// A run is deployed on all its nodes, then started on all, and stopped on all
/// once it is over: when every partition is done, one has failed, a node is
/// lost, or the user cancels. What happens after that changes nothing.
class run_logic {
public:
  enum class command : std::uint8_t { deploy, start, stop };

  /// Tell `command` to `node`, an index into the plan's nodes.
  struct action {
    command what;
    node_index node;

    bool operator==(const action&) const = default;
  };
  using actions = std::vector<action>;

  /// `nodes` take part, with `partitions` partitions in all.
  run_logic(std::uint32_t nodes, std::uint64_t partitions);

  actions begin();
  actions on_deployed(node_index node);
  actions on_started(node_index node);
  actions on_partition_done(operator_id id, partition_index partition);
  actions on_failure(const std::string& reason);
  actions on_cancel();

  run_state state() const {
    return state_;
  }

  const std::string& reason() const {
    return reason_;
  }

private:
  actions to_all(command what) const;
  actions end(run_state how);

  std::uint32_t nodes_;
  std::uint64_t partitions_;
  run_state state_ = run_state::starting;
  std::string reason_;
  std::set<node_index> deployed_;
  std::set<node_index> started_;
  std::set<std::pair<operator_id, partition_index>> done_;
};

} // namespace braid
