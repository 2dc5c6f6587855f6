#include "tools/json_reports.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace braid {

namespace {

using partitions = std::vector<const partition_report*>;

/// What several partitions do together.
struct figures {
  std::uint64_t epoch = 0; ///< of the one that is furthest behind
  std::uint64_t tuples_in = 0;
  std::uint64_t tuples_out = 0;
  std::uint64_t tuples_per_second = 0;
  std::uint64_t busy_permille = 0;
  std::uint64_t queued_epochs = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t replay_bytes = 0;
};

figures sum_of(const partitions& all) {
  figures result;
  if (!all.empty())
    result.epoch =
      (*std::min_element(all.begin(), all.end(),
                         [](auto* a, auto* b) { return a->epoch < b->epoch; }))
        ->epoch;
  for (auto* one : all) {
    result.tuples_in += one->tuples_in;
    result.tuples_out += one->tuples_out;
    result.tuples_per_second += one->tuples_per_second;
    result.busy_permille += one->busy_permille;
    result.queued_epochs += one->queued_epochs;
    result.queued_bytes += one->queued_bytes;
    result.replay_bytes += one->replay_bytes;
  }
  return result;
}

template <class Figures>
void add_figures(json& into, const Figures& from) {
  into["epoch"] = from.epoch;
  into["tuples_in"] = from.tuples_in;
  into["tuples_out"] = from.tuples_out;
  into["tuples_per_second"] = from.tuples_per_second;
  into["queued_epochs"] = from.queued_epochs;
  into["queued_bytes"] = from.queued_bytes;
  into["replay_bytes"] = from.replay_bytes;
  into["busy_percent"] = static_cast<double>(from.busy_permille) / 10;
}

/// The partitions of an operator on all nodes, in their order; of a run that is
/// over, as they were at its end.
partitions partitions_of(const cluster_report& cluster, const run_report& run,
                         const std::string& operator_name) {
  partitions result;
  auto add = [&](const std::vector<partition_report>& from) {
    for (auto& one : from)
      if (one.run == run.name && one.operator_name == operator_name)
        result.push_back(&one);
  };
  add(run.partitions);
  auto has_told = [&](const node_report& node) {
    return std::any_of(run.partitions.begin(), run.partitions.end(),
                       [&](auto& last) { return last.node == node.name; });
  };
  for (auto& node : cluster.nodes)
    if (!node.lost && !has_told(node))
      add(node.partitions);
  std::sort(result.begin(), result.end(),
            [](auto* a, auto* b) { return a->partition < b->partition; });
  return result;
}

partitions partitions_of(const node_report& node) {
  partitions result;
  if (!node.lost)
    for (auto& one : node.partitions)
      result.push_back(&one);
  return result;
}

/// Reports arrive in any order.
std::vector<const node_report*> in_order(const cluster_report& cluster) {
  std::vector<const node_report*> result;
  for (auto& node : cluster.nodes)
    result.push_back(&node);
  std::sort(result.begin(), result.end(), [](auto* a, auto* b) {
    return std::pair{!a->supervisor, a->name}
           < std::pair{!b->supervisor, b->name};
  });
  return result;
}

json partition_json(const partition_report& one) {
  json result;
  result["partition"] = one.partition;
  result["node"] = one.node;
  result["actor"] = one.actor;
  result["state"] = to_string(one.state);
  result["slices"] = one.slices;
  add_figures(result, one);
  return result;
}

json node_json(const node_report& node) {
  auto own = partitions_of(node);
  auto sum = sum_of(own);
  json result;
  result["name"] = node.name;
  result["state"] = node.lost ? "lost" : "up";
  result["supervisor"] = node.supervisor;
  result["control"] = node.control;
  result["data"] = node.data;
  result["http"] = node.http;
  result["process"] = node.process;
  // Too long for the numbers of some readers.
  result["incarnation"] = std::to_string(node.incarnation);
  result["cores"] = node.cores;
  result["memory_bytes"] = node.memory_bytes;
  // Backups at a lost node are of use to nobody.
  result["backup_bytes"] = node.lost ? 0 : node.backup_bytes;
  result["last_heard_us"] = node.last_heard_us;
  result["topologies"] = node.topologies;
  result["partitions"] = own.size();
  result["tuples_per_second"] = sum.tuples_per_second;
  result["busy_percent"] = static_cast<double>(sum.busy_permille) / 10;
  return result;
}

json operator_json(const operator_report& node, const partitions& all) {
  json result;
  result["name"] = node.name;
  result["kind"] = node.kind;
  result["fused"] = node.fused;
  result["actor"] = node.actor;
  result["slices"] = node.slices;
  result["parallelism"] = node.partitions;
  result["partitions_done"] = node.partitions_done;
  add_figures(result, sum_of(all));
  return result;
}

json run_summary(const cluster_report& cluster, const run_report& run) {
  std::uint64_t all = 0;
  std::uint64_t done = 0;
  std::uint64_t rate = 0;
  for (auto& node : run.operators) {
    all += node.partitions;
    done += node.partitions_done;
    if (node.kind == "source")
      rate += sum_of(partitions_of(cluster, run, node.name)).tuples_per_second;
  }
  json result;
  result["name"] = run.name;
  result["topology"] = run.topology;
  result["state"] = to_string(run.state);
  result["over"] = is_over(run.state);
  result["reason"] = run.reason;
  result["submitted_at_us"] = run.submitted_at;
  result["ended_at_us"] = run.ended_at == 0 ? json{} : json(run.ended_at);
  result["supervisor"] = run.supervisor;
  result["stable_epoch"] = run.stable_epoch;
  result["recoveries"] = run.recoveries;
  result["hand_overs"] = run.hand_overs;
  result["hand_over"] = run.hand_over;
  result["hand_over_problem"] = run.hand_over_problem;
  result["nodes_wanted"] = run.nodes_wanted;
  result["warnings"] = run.warnings;
  result["actor"] = run.actor;
  result["partitions"] = all;
  result["partitions_done"] = done;
  result["tuples_per_second"] = rate;
  return result;
}

// -- tree ---------------------------------------------------------------------

json operator_actor(const cluster_report& cluster, const run_report& run,
                    const operator_report& node) {
  auto result = operator_json(node, partitions_of(cluster, run, node.name));
  result["kind"] = "operator_supervisor";
  result["operator_kind"] = node.kind;
  result["children"] = json::array();
  return result;
}

json topology_actor(const cluster_report& cluster, const run_report& run) {
  json result{{"kind", "topology_supervisor"}};
  result.update(run_summary(cluster, run));
  auto& children = result["children"] = json::array();
  for (auto& node : run.operators)
    children.push_back(operator_actor(cluster, run, node));
  return result;
}

json partition_actor(const partition_report& one) {
  json result{{"kind", "partition"}};
  result["name"] =
    one.run + '/' + one.operator_name + '/' + std::to_string(one.partition);
  result["run"] = one.run;
  result["operator"] = one.operator_name;
  result.update(partition_json(one));
  result["children"] = json::array();
  return result;
}

json holder_actor(const node_report& node) {
  return {{"kind", "backup_holder"},
          {"actor", node.holder_actor},
          {"backup_bytes", node.backup_bytes},
          {"children", json::array()}};
}

json supervisor_actor(const cluster_report& cluster, const node_report& node) {
  json result{{"kind", "node_supervisor"}, {"actor", node.actor}};
  auto& children = result["children"] = json::array();
  children.push_back(holder_actor(node));
  for (auto& run : cluster.runs)
    if (run.supervisor == node.name && !is_over(run.state))
      children.push_back(topology_actor(cluster, run));
  for (auto* one : partitions_of(node))
    children.push_back(partition_actor(*one));
  return result;
}

} // namespace

json nodes_json(const cluster_report& cluster) {
  auto nodes = json::array();
  for (auto* node : in_order(cluster))
    nodes.push_back(node_json(*node));
  return {{"nodes", nodes}, {"notes", cluster.notes}};
}

json runs_json(const cluster_report& cluster) {
  auto runs = json::array();
  for (auto& run : cluster.runs)
    runs.push_back(run_summary(cluster, run));
  // The supervising node composes topologies, so it must have them.
  std::set<std::string> available;
  for (auto& node : cluster.nodes)
    if (node.supervisor && !node.lost)
      available.insert(node.topologies.begin(), node.topologies.end());
  return {{"runs", runs}, {"topologies", available}};
}

json run_json(const cluster_report& cluster, const run_report& run) {
  auto result = run_summary(cluster, run);
  auto& operators = result["operators"] = json::array();
  for (auto& node : run.operators) {
    auto own = partitions_of(cluster, run, node.name);
    auto described = operator_json(node, own);
    auto& list = described["partitions"] = json::array();
    for (auto* one : own)
      list.push_back(partition_json(*one));
    operators.push_back(std::move(described));
  }
  return result;
}

json tree_json(const cluster_report& cluster) {
  auto nodes = json::array();
  for (auto* node : in_order(cluster)) {
    json described{{"kind", "node"}};
    described.update(node_json(*node));
    auto& children = described["children"] = json::array();
    if (!node->lost)
      children.push_back(supervisor_actor(cluster, *node));
    nodes.push_back(std::move(described));
  }
  return {{"nodes", nodes}};
}

} // namespace braid
