// What hand-overs downstream mean for the output side of a partition.
#pragma once

#include "actors/flow_control.hpp"
#include "actors/hand_over.hpp"
#include "actors/replaying_outbox.hpp"

#include "scaling/assignment.hpp"

#include "operators/exchange.hpp"
#include "operators/topology.hpp"

#include <cstdint>
#include <vector>

namespace braid {

/// Follows the hand-overs of the operators to which one partition sends.
class downstream_changes {
public:
  downstream_changes(const topology& graph, operator_id id)
    : edges_(graph.outputs_of(id)) {}

  /// The output side that is to be changed.
  struct output {
    replaying_outbox& out;
    flow_control& flow;
    const std::vector<edge_output*>& writers;
  };

  /// What is under way now, and who hosts what. A hand-over that is not under
  /// way any more is over, or was aborted: the owners tell which. What can only
  /// be done between two epochs is left out amid one; returns whether all is
  /// done. Doing it again changes nothing.
  bool adopt(const assignment& owners, const std::vector<hand_over>& under_way,
             const output& to, bool amid_epoch = false);

private:
  void begin(const hand_over& what, const assignment& owners, const output& to);
  void route(const hand_over& known, const assignment& owners,
             const output& to) const;
  void end(const hand_over& known, bool aborted, const assignment& owners,
           const output& to) const;

  std::vector<edge_node> edges_;
  /// What is under way, in its order, and what waits for the end of an epoch.
  struct change {
    hand_over what;
    /// It has taken place. Later owners may not tell any more: the successors
    /// may have handed over, too.
    bool waits = false;
  };
  std::vector<change> changes_;
};

/// Whether the successors have what they are to take over.
bool has_taken_place(const hand_over& what, const assignment& owners);

} // namespace braid
