// Who owns what: which partition hosts each slice, which node each partition.
#pragma once

#include "operators/topology.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// An index into the list of nodes that run a topology.
using node_index = std::uint32_t;

/// Where one operator's slices are.
struct operator_assignment {
  slice_table table;             ///< slice -> partition
  std::vector<node_index> nodes; ///< partition -> node

  std::uint32_t slices() const {
    return static_cast<std::uint32_t>(table.size());
  }

  /// Those that have handed all their slices over included: no index is used
  /// twice in a run.
  std::uint32_t partitions() const {
    return static_cast<std::uint32_t>(nodes.size());
  }

  /// The partitions that host slices, ascending.
  std::vector<partition_index> hosts() const;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& table& nodes;
  }
};

/// Where all slices of a topology are, by operator.
using assignment = std::vector<operator_assignment>;

/// What the submission of a topology says about its size.
struct parallelism_options {
  /// Partitions of every operator that does not say otherwise itself.
  std::uint32_t everywhere = 1;
  /// By operator name; comes before what the topology says.
  std::map<std::string, std::uint32_t> by_operator;
};

/// A first assignment: slices in even, contiguous shares, partitions spread
/// over `nodes` nodes, but beside their upstream where the slice is kept. No
/// operator gets more partitions than slices. Counts the sources' splits, so it
/// may throw what they throw; throws `topology_error` if `options` name an
/// operator that is not there, or give one no partitions.
assignment assign_evenly(const topology& graph,
                         const parallelism_options& options, node_index nodes);

/// How an edge routes under an assignment: a forward edge between operators of
/// different numbers of slices cannot keep the slice and is rebalanced.
routing routing_of(const edge_node& edge, const assignment& owners);

/// What `partition` of `id` needs to start.
instance_setup setup_of(const topology& graph, const assignment& owners,
                        operator_id id, partition_index partition,
                        std::size_t batch_bytes);

} // namespace braid
