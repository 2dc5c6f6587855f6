#include "actors/backup_holders.hpp"

#include "operators/collect_sink.hpp"
#include "operators/generator.hpp"
#include "operators/stream.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

using namespace braid;

namespace {

using nodes = std::vector<node_index>;

nodes sorted(nodes x) {
  std::sort(x.begin(), x.end());
  return x;
}

} // namespace

TEST_CASE("backups never stay where the partition is", "[backups]") {
  backup_holders holders{2, {0, 1, 2}, {0, 1, 2, 3}, 2};
  for (slice_id slice = 0; slice < 100; ++slice)
    CHECK(sorted(holders.of({5, slice})) == nodes{0, 1});
}

TEST_CASE("the node that a partition is about to leave keeps all, too",
          "[backups]") {
  backup_holders holders{2, {0}, {0, 1, 2}, 1, true};
  CHECK(holders.of({5, 3}) == nodes{0, 2});
  CHECK(holders.may_keep(2));
  CHECK(backup_holders(2, {}, {2}, 1, true).of({5, 3}) == nodes{2});
  // It is not one of those that must be there.
  CHECK(holders.without(2)->of({5, 3}) == nodes{0});
  CHECK(holders.without(0)->of({5, 3}) == nodes{1, 2});
}

TEST_CASE("upstream nodes keep backups first", "[backups]") {
  backup_holders holders{0, {0, 3}, {0, 1, 2, 3}, 2};
  std::map<node_index, int> second;
  for (slice_id slice = 0; slice < 100; ++slice) {
    auto found = holders.of({5, slice});
    REQUIRE(found.size() == 2);
    CHECK(found[0] == 3);
    ++second[found[1]];
  }
  CHECK(second.size() == 2);
  CHECK(second.contains(1));
  CHECK(second.contains(2));
}

TEST_CASE("too few nodes keep all they can", "[backups]") {
  CHECK(sorted(backup_holders(0, {1}, {0, 1, 2}, 5).of({1, 1})) == nodes{1, 2});
  CHECK(backup_holders(0, {0}, {0}, 2).of({1, 1}).empty());
  CHECK(backup_holders(0, {1}, {0, 1}, 0).of({1, 1}).empty());
  // A node upstream that is no longer alive.
  CHECK(backup_holders(0, {1}, {0, 2}, 1).of({1, 1}) == nodes{2});
}

TEST_CASE("a slice counts as held if all who are to keep it do", "[backups]") {
  backup_holders holders{0, {1}, {0, 1, 2, 3}, 2};
  auto second = holders.of({5, 7}).at(1);
  auto name_of = [](node_index node) { return std::to_string(node); };
  auto other = std::to_string(5 - second);
  auto held = holders.that_hold({{7, {"1", name_of(second)}},
                                 {8, {"1"}},
                                 {9, {"1", "2", "3"}},
                                 {10, {"2", "3"}}},
                                5, name_of);
  CHECK(slices_of(held) == std::vector<slice_id>{7, 9});
  CHECK(held.at(7) == holders.of({5, 7}));
  CHECK(holders.that_hold({{7, {"1", other}}}, 5, name_of).empty());
}

TEST_CASE("backups are spread evenly", "[backups]") {
  constexpr slice_id slices = 10'000;
  backup_holders holders{0, {1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}, 2};
  for (operator_id of : {0U, 1U, 42U}) {
    std::map<node_index, slice_id> share;
    for (slice_id slice = 0; slice < slices; ++slice) {
      auto found = holders.of({of, slice});
      REQUIRE(found.size() == 2);
      REQUIRE(found[0] != found[1]);
      for (auto node : found)
        ++share[node];
    }
    // 4000 are expected on each; the standard deviation is 49.
    CHECK(share.size() == 5);
    for (auto& [node, count] : share) {
      CHECK(count > 3'750);
      CHECK(count < 4'250);
    }
  }
}

TEST_CASE("when a node leaves, only what it kept moves", "[backups]") {
  backup_holders before{0, {1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}, 2};
  backup_holders after{0, {1, 2, 3, 4, 5}, {0, 1, 2, 4, 5}, 2};
  for (slice_id slice = 0; slice < 1'000; ++slice) {
    auto was = before.of({5, slice});
    auto is = after.of({5, slice});
    REQUIRE(is.size() == 2);
    std::erase(was, 3U);
    for (auto node : was)
      CHECK(std::find(is.begin(), is.end(), node) != is.end());
  }
}

// Every machine must find the same holders, in every version.
TEST_CASE("holders are the same for ever", "[backups]") {
  backup_holders holders{0, {1, 2, 3}, {0, 1, 2, 3}, 1};
  std::string found;
  for (slice_id slice = 0; slice < 16; ++slice)
    found += std::to_string(holders.of({5, slice}).at(0));
  CHECK(found == "1213312121332232");
}

TEST_CASE("upstream nodes are those that send", "[backups]") {
  topology graph{"t", {}};
  auto from = graph.add(operator_node{.name = "from"});
  auto keyed = graph.add(operator_node{.name = "keyed", .keyed = true});
  auto beside = graph.add(operator_node{.name = "beside"});
  graph.add(edge_node{.from = from, .to = keyed, .how = routing::keyed});
  graph.add(edge_node{.from = from, .to = beside, .how = routing::forward});
  assignment owners{
    {{0, 0, 1, 1}, {6, 7}}, {{0, 1}, {6, 8}}, {{0, 1, 1, 2}, {1, 2, 3}}};
  CHECK(upstream_nodes(graph, owners, from, 0).empty());
  CHECK(upstream_nodes(graph, owners, keyed, 1) == nodes{6, 7});
  CHECK(upstream_nodes(graph, owners, beside, 0) == nodes{6});
  CHECK(upstream_nodes(graph, owners, beside, 1) == nodes{6, 7});
  CHECK(upstream_nodes(graph, owners, beside, 2) == nodes{7});
}

TEST_CASE("a node without room is passed over if enough others are left",
          "[backups]") {
  backup_holders holders{0, {1}, {0, 1, 2, 3}, 1};
  CHECK(holders.of({1, 1}) == nodes{1});
  auto rest = holders.without(1);
  REQUIRE(rest);
  CHECK(rest->of({1, 1}).size() == 1);
  CHECK(rest->of({1, 1}) != nodes{1});
  auto last = rest->without(2);
  REQUIRE(last);
  CHECK(last->of({1, 1}) == nodes{3});
  CHECK(!last->without(3));
  CHECK(!backup_holders(0, {1}, {0, 1, 2}, 2).without(1));
}
