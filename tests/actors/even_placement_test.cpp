// Where lost partitions go.
#include "actors/even_placement.hpp"
#include "actors/run_logic.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// One operator with a partition for each of `nodes`.
assignment on_nodes(std::vector<node_index> nodes) {
  operator_assignment owners;
  for (partition_index i = 0; i < nodes.size(); ++i)
    owners.table.push_back(i);
  owners.nodes = std::move(nodes);
  return {owners};
}

measured_loads measured(const std::vector<std::uint64_t>& busy_ns) {
  measured_loads result;
  for (partition_index i = 0; i < busy_ns.size(); ++i)
    result.on_report({0, i}, 0, busy_ns[i]);
  return result;
}

} // namespace

TEST_CASE("without measurements nodes get even numbers of partitions") {
  auto owners = on_nodes({0, 0, 1, 1, 2, 2, 2});
  place_evenly(owners, {0, 1}, {{0, 4}, {0, 5}, {0, 6}}, {});
  CHECK(owners[0].nodes == std::vector<node_index>{0, 0, 1, 1, 0, 1, 0});
}

TEST_CASE("hot partitions go apart, and away from busy nodes") {
  auto owners = on_nodes({0, 1, 2, 3, 3, 3, 3});
  place_evenly(owners, {0, 1, 2}, {{0, 3}, {0, 4}, {0, 5}, {0, 6}},
               measured({900, 100, 0, 50, 700, 60, 650}));
  // 700 to node 2, 650 to 1, then 60 to 2 (700 so far) and 50 to 1 (750).
  CHECK(owners[0].nodes == std::vector<node_index>{0, 1, 2, 1, 2, 2, 1});
}

TEST_CASE("what counts is the time since the report before") {
  measured_loads loads;
  CHECK(loads.of({0, 1}) == 0);
  loads.on_report({0, 1}, 0, 500);
  loads.on_report({0, 1}, 0, 800);
  CHECK(loads.of({0, 1}) == 300);
  // Another instance counts from 0, and an earlier one not at all.
  loads.on_report({0, 1}, 3, 70);
  CHECK(loads.of({0, 1}) == 70);
  loads.on_report({0, 1}, 0, 900);
  CHECK(loads.of({0, 1}) == 70);
}

TEST_CASE("what a lost node hosted is spread by measured load") {
  deployment plan;
  plan.run = 7;
  for (auto* name : {"a", "b", "c"})
    plan.nodes.push_back({name, 1, "", 0});
  plan.owners = on_nodes({0, 1, 2, 2, 2});
  plan.settings.checkpoint_interval_us = 1'000;
  run_logic run{plan};
  run.begin();
  for (node_index node : {0u, 1u, 2u})
    run.on_deployed(node);
  for (node_index node : {0u, 1u, 2u})
    run.on_started(node);
  std::uint64_t busy_ns[] = {100, 10, 20, 500, 30};
  for (partition_index i = 0; i < 5; ++i)
    run.on_checkpoint({7, {0, i}, 0, 3, false, busy_ns[i]});
  run.on_node_lost(2, "gone");
  CHECK(run.plan().owners[0].nodes == std::vector<node_index>{0, 1, 0, 1, 0});
}
