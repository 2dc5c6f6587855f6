// Plans of hand-overs: what changes hands, and where it goes.
#include "actors/hand_over_plan.hpp"

#include "scaling/scaling_settings.hpp"

#include "operators/random.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace braid;

namespace {

using all_loads = std::map<operator_id, slice_loads>;

/// One operator: by partition its node and how many slices it has, in order.
assignment owned(const std::vector<std::pair<node_index, int>>& partitions) {
  operator_assignment result;
  for (auto [node, slices] : partitions) {
    result.table.insert(result.table.end(), static_cast<std::size_t>(slices),
                        result.partitions());
    result.nodes.push_back(node);
  }
  return {result};
}

all_loads loads(const std::vector<std::uint64_t>& by_slice) {
  all_loads result;
  for (auto load : by_slice)
    result[0].emplace(static_cast<slice_id>(result[0].size()), load);
  return result;
}

std::vector<available_node> nodes(node_index count) {
  std::vector<available_node> result;
  for (node_index i = 0; i < count; ++i)
    result.push_back({i});
  return result;
}

/// By partition that is there.
std::map<partition_index, std::uint64_t> carried(const assignment& owners,
                                                 const all_loads& costs) {
  std::map<partition_index, std::uint64_t> result;
  for (slice_id slice = 0; slice < owners[0].slices(); ++slice)
    result[owners[0].table[slice]] += costs.at(0).at(slice);
  return result;
}

std::uint64_t most(const std::map<partition_index, std::uint64_t>& carried) {
  std::uint64_t result = 0;
  for (auto& [partition, load] : carried)
    result = std::max(result, load);
  return result;
}

} // namespace

TEST_CASE("one partition becomes several of even load") {
  auto owners = owned({{0, 4}});
  auto costs = loads({60, 10, 20, 30});
  hand_over_planner planner{owners, costs, nodes(2)};
  auto plan = planner.scale(0, 2);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].origins == std::vector<partition_index>{0});
  REQUIRE(plan[0].successors.size() == 2);
  CHECK(plan[0].successors[0].slices == std::vector<slice_id>{0});
  CHECK(plan[0].successors[1].slices == std::vector<slice_id>{1, 2, 3});
  CHECK(plan[0].successors[0].node != plan[0].successors[1].node);
  carry_out(plan[0], owners);
  CHECK(owners[0].table == slice_table{1, 2, 2, 2});
  CHECK(owners[0].partitions() == 3);
}

TEST_CASE("scaling out divides those that carry most") {
  auto owners = owned({{0, 2}, {1, 4}, {0, 1}});
  auto costs = loads({10, 10, 30, 30, 30, 30, 200});
  hand_over_planner planner{owners, costs, nodes(2)};
  // One slice alone cannot be divided, however hot it is.
  auto plan = planner.scale(0, 5);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].origins == std::vector<partition_index>{1});
  CHECK(plan[0].successors.size() == 3);
}

TEST_CASE("scaling in joins those that carry least") {
  auto owners = owned({{0, 1}, {1, 1}, {2, 1}, {0, 1}});
  auto costs = loads({90, 10, 20, 80});
  hand_over_planner planner{owners, costs, nodes(3)};
  auto plan = planner.scale(0, 3);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].origins == std::vector<partition_index>{1, 2});
  REQUIRE(plan[0].successors.size() == 1);
  CHECK(plan[0].successors[0].slices == std::vector<slice_id>{1, 2});
  CHECK(hand_over_planner{owners, costs, nodes(3)}.scale(0, 4).empty());
}

TEST_CASE("a pair that carries uneven loads divides them anew") {
  auto owners = owned({{0, 2}, {1, 2}, {2, 1}});
  auto costs = loads({50, 50, 10, 10, 60});
  auto plan = hand_over_planner{owners, costs, nodes(3)}.rebalance(0);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].origins == std::vector<partition_index>{0, 1});
  carry_out(plan[0], owners);
  CHECK(carried(owners, costs)
        == std::map<partition_index, std::uint64_t>{{2, 60}, {3, 60}, {4, 60}});
  CHECK(hand_over_planner{owners, costs, nodes(3)}.rebalance(0).empty());
}

TEST_CASE("a drained node keeps nothing") {
  auto owners = owned({{0, 2}, {1, 2}, {2, 2}});
  auto left = nodes(2);
  left[0].carries = left[1].carries = {2, 1};
  left[1].limit = 1;
  hand_over_planner planner{owners, {}, left};
  auto plan = planner.drain(2);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].origins == std::vector<partition_index>{2});
  CHECK(plan[0].successors.at(0).node == 0);
  CHECK_NOTHROW(planner.require_room());
  left[0].limit = 1;
  hand_over_planner full{owners, {}, left};
  full.drain(2);
  CHECK_THROWS_WITH(full.require_room(), Catch::Contains("add nodes"));
}

TEST_CASE("what finds no room says how many nodes it would take") {
  auto owners = owned({{0, 4}, {1, 4}});
  auto full = nodes(2);
  full[0].limit = 3;
  full[1].limit = 2;
  full[0].carries.members = full[1].carries.members = 1;
  hand_over_planner planner{owners, {}, full};
  planner.scale(0, 8);
  try {
    planner.require_room();
    FAIL("there is room for five");
  } catch (const no_room_error& error) {
    CHECK(error.nodes == 2);
    CHECK_THAT(error.what(), Catch::Contains("3 more partitions"));
  }
  // A node that takes any number will do, where there is none at all.
  hand_over_planner alone{owners, {}, {}};
  alone.scale(0, 8);
  CHECK_THROWS_AS(alone.require_room(), no_room_error);
}

TEST_CASE("impossible parallelisms are refused") {
  auto owners = owned({{0, 3}});
  hand_over_planner planner{owners, {}, nodes(1)};
  CHECK_THROWS_WITH(planner.scale(0, 0), Catch::Contains("at least 1"));
  CHECK_THROWS_WITH(planner.scale(0, 4), Catch::Contains("3 slices"));
}

TEST_CASE("any plans lose no slice and keep to what nodes may have") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    random_generator random{seed};
    constexpr int slices = 32;
    auto owners = owned({{0, slices}});
    for (int step = 0; step < 6; ++step) {
      std::vector<std::uint64_t> costs;
      for (int i = 0; i < slices; ++i)
        costs.push_back(random.below(1'000));
      auto known = loads(costs);
      auto places = nodes(4);
      for (auto& each : places)
        each.limit = 8;
      for (auto& [partition, load] : carried(owners, known)) {
        auto& carries = places[owners[0].nodes[partition]].carries;
        carries.load += load;
        ++carries.members;
      }
      auto wanted = 1 + static_cast<std::uint32_t>(random.below(20));
      auto before = carried(owners, known);
      auto even = random.below(3) == 0;
      hand_over_planner planner{owners, known, places};
      auto plans = even ? planner.rebalance(0) : planner.scale(0, wanted);
      std::set<partition_index> gone;
      for (auto& plan : plans) {
        for (auto origin : plan.origins)
          CHECK(gone.insert(origin).second);
        std::set<slice_id> moved;
        for (auto& successor : plan.successors)
          for (auto slice : successor.slices) {
            CHECK(moved.insert(slice).second);
            CHECK(std::count(plan.origins.begin(), plan.origins.end(),
                             owners[0].table[slice])
                  == 1);
          }
        carry_out(plan, owners);
      }
      auto after = carried(owners, known);
      CHECK(after.size() == (even ? before.size() : wanted));
      if (even)
        CHECK(most(after) <= most(before));
      for (auto origin : gone)
        CHECK(!after.contains(origin));
      std::map<node_index, int> on;
      for (auto& [partition, load] : after)
        CHECK(++on[owners[0].nodes[partition]] <= 8);
    }
  }
}
