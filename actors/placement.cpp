#include "actors/placement.hpp"

#include "operators/topology_error.hpp"

#include <algorithm>
#include <optional>
#include <thread>

namespace braid {

std::vector<node_address> nodes_for(const std::string& topology,
                                    const introduction& self,
                                    const membership& members) {
  std::vector<node_address> result{address_in_run(self)};
  for (auto& [name, member] : members.all()) {
    auto& has = member.who.self.topologies;
    if (!member.lost
        && std::find(has.begin(), has.end(), topology) != has.end())
      result.push_back(address_in_run(member.who));
  }
  return result;
}

namespace {

/// Partitions of nodes that have too many go to those that have the fewest, and
/// room.
void honour_limits(assignment& owners, const std::vector<node_address>& nodes) {
  std::vector<std::uint32_t> carries(nodes.size());
  for (auto& owned : owners)
    for (auto node : owned.nodes)
      ++carries[node];
  auto has_room = [&](node_index node) {
    return nodes[node].limit == 0 || carries[node] < nodes[node].limit;
  };
  for (auto& owned : owners)
    for (auto& node : owned.nodes) {
      if (nodes[node].limit == 0 || carries[node] <= nodes[node].limit)
        continue;
      std::optional<node_index> best;
      for (node_index other = 0; other < nodes.size(); ++other)
        if (has_room(other) && (!best || carries[other] < carries[*best]))
          best = other;
      if (!best)
        throw topology_error{
          "the nodes take fewer partitions than there are to be; lower the "
          "parallelism, raise node.max_partitions, or start more nodes"};
      --carries[node];
      ++carries[*best];
      node = *best;
    }
}

} // namespace

deployment plan_run(const submission& asked, const topology& graph,
                    std::vector<node_address> nodes,
                    const run_settings& settings) {
  deployment plan;
  plan.asked = asked;
  plan.fingerprint = graph.fingerprint();
  plan.settings = settings;
  plan.nodes = std::move(nodes);
  parallelism_options options;
  options.everywhere = asked.parallelism;
  options.by_operator = asked.parallelism_of;
  if (options.everywhere == 0)
    options.everywhere = static_cast<std::uint32_t>(
      plan.nodes.size() * std::max(1u, std::thread::hardware_concurrency()));
  plan.owners =
    assign_evenly(graph, options, static_cast<node_index>(plan.nodes.size()));
  honour_limits(plan.owners, plan.nodes);
  // A node alone has nobody to survive it.
  plan.checkpoints = plan.may_take_checkpoints() && plan.nodes.size() > 1;
  return plan;
}

savepoint_manifest savepoint_form(const deployment& plan,
                                  const topology& graph) {
  savepoint_manifest result;
  result.topology = plan.asked.topology;
  result.run = plan.name;
  result.settings = plan.asked.settings;
  result.count_cuts = plan.asked.count_cuts;
  result.fingerprint = plan.fingerprint;
  for (auto& node : graph.operators())
    result.operators.push_back({node.name, to_string(node.kind), {}, {}});
  for (auto& edge : graph.edges())
    result.edges.push_back({edge.from, edge.to, edge.port});
  return result;
}

run_report first_report(const deployment& plan, const topology& graph) {
  run_report result;
  result.name = plan.name;
  result.topology = plan.asked.topology;
  for (operator_id id = 0; id < graph.operators().size(); ++id) {
    auto& node = graph.operators()[id];
    operator_report report;
    report.name = node.name;
    report.kind = to_string(node.kind);
    report.fused = node.fused;
    report.slices = plan.owners[id].slices();
    report.partitions = plan.owners[id].partitions();
    result.operators.push_back(std::move(report));
  }
  return result;
}

} // namespace braid
