// Which nodes keep the backups of which slices.
#pragma once

#include "scaling/assignment.hpp"

#include "checkpoint/incarnation.hpp"

#include "operators/topology.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// The nodes of the partitions that send to this one, ascending.
std::vector<node_index> upstream_nodes(const topology& graph,
                                       const assignment& owners, operator_id id,
                                       partition_index partition);

/// The nodes that keep slices, by slice.
using kept_slices = std::map<slice_id, std::vector<node_index>>;

/// Which slices they are.
std::vector<slice_id> slices_of(const kept_slices& kept);

/// Spreads the backups of one partition's slices over nodes, by rendezvous
/// hashing: evenly, the same on every machine, and when a node leaves, only
/// what it kept gets another holder.
class backup_holders {
public:
  /// Of the nodes that are `alive`, those upstream come first; the others keep
  /// backups only if there are fewer of these than `replicas`. `own`, where the
  /// partition runs, keeps none: it would be lost together with the slices. But
  /// with `own_too`, because the partition is about to leave it, it keeps all
  /// of them beside the others.
  backup_holders(node_index own, const std::vector<node_index>& upstream,
                 const std::vector<node_index>& alive, std::uint32_t replicas,
                 bool own_too = false);

  /// The nodes that keep the slice, the best first: `replicas` of them, or all
  /// candidates if there are fewer; then the partition's own, if it does.
  std::vector<node_index> of(const operator_slice& slice) const;

  /// Of the slices of an operator that nodes hold, by name, those that all hold
  /// who are to keep them; and these nodes.
  kept_slices
  that_hold(const std::map<slice_id, std::set<std::string>>& held_by,
            operator_id id,
            const std::function<std::string(node_index)>& name_of) const;

  /// The same, but that node keeps none; nothing if then fewer than `replicas`
  /// other nodes are left.
  std::optional<backup_holders> without(node_index node) const;
  /// Whether the node keeps any, or would if there were more slices.
  bool may_keep(node_index node) const;

private:
  std::vector<node_index> upstream_;
  std::vector<node_index> others_;
  std::uint32_t replicas_;
  std::optional<node_index> own_; ///< if it keeps them, too
};

} // namespace braid
