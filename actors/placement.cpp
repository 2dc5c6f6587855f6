#include "actors/placement.hpp"

#include <algorithm>
#include <thread>

namespace braid {

std::vector<node_address> nodes_for(const std::string& topology,
                                    const introduction& self,
                                    const membership& members) {
  std::vector<node_address> result{
    {self.self.name, self.self.incarnation, self.data_host, self.data_port}};
  for (auto& [name, member] : members.all()) {
    auto& has = member.who.self.topologies;
    if (!member.lost
        && std::find(has.begin(), has.end(), topology) != has.end())
      result.push_back({name, member.who.self.incarnation, member.who.data_host,
                        member.who.data_port});
  }
  return result;
}

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
