#include "scaling/assignment.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

namespace braid {

namespace {

std::uint32_t count_slices(const topology& graph, operator_id id,
                           const assignment& upstream) {
  auto& node = graph.operators()[id];
  if (node.kind == operator_kind::source) {
    auto splits = node.count_splits();
    if (splits == 0)
      throw topology_error{"source '" + node.name
                           + "' has nothing to read; give it some input"};
    if (splits > max_slices)
      throw topology_error{"source '" + node.name + "' has "
                           + std::to_string(splits)
                           + " splits, the most is 65536; make them larger"};
    return splits;
  }
  if (node.slices)
    return *node.slices;
  if (node.keyed)
    return topology::default_slices;
  std::uint32_t result = 1;
  for (auto& edge : graph.inputs_of(id))
    if (edge.how != routing::broadcast)
      result = std::max(result, upstream[edge.from].slices());
  return result;
}

std::uint32_t count_partitions(const operator_node& node,
                               const parallelism_options& options) {
  if (auto found = options.by_operator.find(node.name);
      found != options.by_operator.end())
    return found->second;
  return node.parallelism.value_or(options.everywhere);
}

/// Whether every input of the operator keeps the slice: then its partitions run
/// best where those of its upstream do. The upstream in question, or nothing.
std::optional<operator_id> followed(const topology& graph, operator_id id,
                                    const operator_assignment& own,
                                    const assignment& upstream) {
  std::optional<operator_id> result;
  for (auto& edge : graph.inputs_of(id)) {
    if (edge.how != routing::forward || upstream[edge.from].table != own.table)
      return std::nullopt;
    result = edge.from;
  }
  return result;
}

void check(const topology& graph, const parallelism_options& options) {
  if (options.everywhere == 0)
    throw topology_error{"the operators of topology '" + graph.name()
                         + "' are to have no partitions; give them at least 1"};
  for (auto& [name, count] : options.by_operator) {
    auto known =
      std::any_of(graph.operators().begin(), graph.operators().end(),
                  [&name = name](auto& node) { return node.name == name; });
    if (!known)
      throw topology_error{"parallelism is given for operator '" + name
                           + "', which topology '" + graph.name()
                           + "' does not have"};
    if (count == 0)
      throw topology_error{"operator '" + name
                           + "' is to have no partitions; give it at least 1"};
  }
}

} // namespace

std::vector<partition_index> operator_assignment::hosts() const {
  std::vector<bool> is_host(nodes.size());
  for (auto index : table)
    is_host[index] = true;
  std::vector<partition_index> result;
  for (partition_index index = 0; index < is_host.size(); ++index)
    if (is_host[index])
      result.push_back(index);
  return result;
}

assignment assign_evenly(const topology& graph,
                         const parallelism_options& options, node_index nodes) {
  assert(nodes > 0);
  check(graph, options);
  assignment result;
  node_index next_node = 0;
  for (auto id : graph.upstream_first()) {
    auto slices = count_slices(graph, id, result);
    auto partitions =
      std::clamp(count_partitions(graph.operators()[id], options), 1u, slices);
    operator_assignment owners;
    for (slice_id slice = 0; slice < slices; ++slice)
      owners.table.push_back(static_cast<partition_index>(
        std::uint64_t{slice} * partitions / slices));
    if (auto other = followed(graph, id, owners, result)) {
      owners.nodes = result[*other].nodes;
    } else {
      // Going round over all operators, not from node 0 for each.
      for (partition_index i = 0; i < partitions; ++i)
        owners.nodes.push_back(next_node++ % nodes);
    }
    result.push_back(std::move(owners));
  }
  return result;
}

routing routing_of(const edge_node& edge, const assignment& owners) {
  if (edge.how == routing::forward
      && owners[edge.from].slices() != owners[edge.to].slices())
    return routing::rebalance;
  return edge.how;
}

instance_setup setup_of(const topology& graph, const assignment& owners,
                        operator_id id, partition_index partition,
                        std::size_t batch_bytes) {
  instance_setup setup;
  setup.topology = graph.name();
  setup.operator_name = graph.operators()[id].name;
  setup.partition = partition;
  setup.slices = hosted_slices{owners[id].table, partition};
  for (auto& edge : graph.outputs_of(id)) {
    edge_target target;
    target.edge = edge.id;
    target.how = routing_of(edge, owners);
    target.slices = owners[edge.to].table;
    target.partitions = owners[edge.to].partitions();
    target.batch_bytes = batch_bytes;
    setup.targets.push_back(std::move(target));
  }
  return setup;
}

} // namespace braid
