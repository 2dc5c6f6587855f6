// Where the partitions of a new run go.
#include "tests/actors/silent_source.hpp"

#include "actors/placement.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// A source and a sink with four partitions each.
deployment planned(std::vector<node_address> nodes) {
  topology graph{"test", {}};
  graph.source("source", silent_source{4})
    .sink("sink", collect(std::make_shared<collected<std::uint64_t>>(),
                          {.keep_slices = true}));
  submission asked;
  asked.topology = "test";
  asked.parallelism = 4;
  return plan_run(asked, graph, std::move(nodes), {});
}

std::vector<node_address> nodes_with(std::vector<std::uint32_t> limits) {
  std::vector<node_address> result;
  for (auto limit : limits)
    result.push_back({"node", 1, "127.0.0.1", 1, limit});
  return result;
}

std::vector<std::size_t> carried(const deployment& plan) {
  std::vector<std::size_t> result(plan.nodes.size());
  for (auto& owned : plan.owners)
    for (auto node : owned.nodes)
      ++result[node];
  return result;
}

} // namespace

TEST_CASE("no node gets more partitions of a run than it takes") {
  CHECK(carried(planned(nodes_with({0, 0}))) == std::vector<std::size_t>{4, 4});
  CHECK(carried(planned(nodes_with({1, 0}))) == std::vector<std::size_t>{1, 7});
  CHECK(carried(planned(nodes_with({2, 3, 3})))
        == std::vector<std::size_t>{2, 3, 3});
  CHECK_THROWS_WITH(planned(nodes_with({2, 3, 2})),
                    Catch::Contains("node.max_partitions"));
}
