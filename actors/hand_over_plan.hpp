// Which slices change hands so that an operator gets another parallelism, its
// partitions carry even loads, or a node carries nothing.
#pragma once

#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"
#include "scaling/scaling_settings.hpp"

#include "checkpoint/slice_groups.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace braid {

/// Some partitions of a plan find no room.
class no_room_error : public scaling_error {
public:
  /// With so many `nodes` more they would.
  no_room_error(std::uint32_t partitions, std::uint32_t nodes);

  std::uint32_t nodes;
};

/// A node that partitions may go to.
struct available_node {
  node_index node = 0;
  group_load carries{}; ///< already: load, and partitions
  /// How many partitions it may have at most.
  std::uint32_t limit = std::numeric_limits<std::uint32_t>::max();
};

/// Everything that `origins` host goes to fresh partitions, and they are gone
/// (docs/decisions/0023, 3a). Nobody is ever given more slices or fewer.
struct planned_hand_over {
  struct successor {
    std::vector<slice_id> slices{}; ///< ascending, never empty
    node_index node = 0;
  };

  operator_id of = 0;
  std::vector<partition_index> origins{}; ///< ascending
  std::vector<successor> successors{};
};

/// What is to become of a run's partitions.
struct scaling_plan {
  std::vector<planned_hand_over> hand_overs{};
  /// Partitions that cannot hand their slices over begin again on other nodes.
  std::vector<std::pair<partition_place, node_index>> relocations{};
  std::optional<node_index> drained{}; ///< nothing may come there any more

  bool moves_nothing() const {
    return hand_overs.empty() && relocations.empty();
  }
};

/// Plans for one topology. Pure: who carries them out, and when, is not its
/// affair. A partition without slices is one that has been handed over, and no
/// longer there.
///
/// Successors go where least is to be carried; what their origins carry counts
/// no more. Nodes that must not be chosen, because they are to be drained or
/// have the last copy of a slice, are not among `nodes`. What has no room is
/// planned all the same: `require_room` tells.
class hand_over_planner {
public:
  /// `loads`, by operator, is what slices have been measured to cost; an
  /// operator of which nothing is known has even slices.
  hand_over_planner(const assignment& owners,
                    const std::map<operator_id, slice_loads>& loads,
                    std::vector<available_node> nodes);

  /// `partitions` for the operator. Scaling out divides those that carry most;
  /// scaling in joins those that carry least. Throws `scaling_error` if it is
  /// to have none, or more than slices.
  std::vector<planned_hand_over> scale(operator_id of,
                                       std::uint32_t partitions);

  /// As many partitions, but none of a pair that carries much more than the
  /// other: pairs of the heaviest and the lightest divide anew what they have
  /// together. Empty if that gains less than a tenth.
  std::vector<planned_hand_over> rebalance(operator_id of);

  /// Nothing more on this node, which is not among those to go to.
  std::vector<planned_hand_over> drain(node_index from);

  /// To be called once all is planned. Throws `no_room_error` if nodes lack
  /// room for it: then none of it can be carried out.
  void require_room() const;

private:
  struct part {
    partition_index index = 0;
    std::uint64_t load = 0;
    std::vector<slice_id> slices{};
  };

  std::vector<part> parts_of(operator_id id) const;
  std::uint64_t load_of(operator_id id, slice_id slice) const;
  std::vector<planned_hand_over> divide(operator_id of, std::vector<part> parts,
                                        std::uint32_t partitions);
  std::vector<planned_hand_over> join(operator_id of, std::vector<part> parts,
                                      std::uint32_t partitions);
  slice_loads loads_of(operator_id of,
                       const std::vector<const part*>& origins) const;
  planned_hand_over hand_over(operator_id of,
                              const std::vector<const part*>& origins,
                              std::uint32_t successors);
  node_index place(std::uint64_t load);
  available_node* find(node_index node);

  const assignment* owners_;
  std::map<operator_id, slice_loads> loads_;
  std::vector<available_node> nodes_;
  std::uint32_t without_room_ = 0; ///< successors
};

/// Nothing more on this node, which is not among those that the planner may
/// choose. Partitions of operators for which `can_hand_over` does not hold
/// begin again elsewhere.
scaling_plan plan_drain(hand_over_planner& planner, node_index from,
                        const std::function<bool(operator_id)>& can_hand_over);

/// The assignment after a plan: its successors have the next indexes, in their
/// order; its origins have no slices, and their indexes are not used again.
void carry_out(const planned_hand_over& plan, assignment& owners);

} // namespace braid
