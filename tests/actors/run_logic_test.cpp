// Who is told what when nodes come, go, and cannot reach each other.
#include "actors/run_logic.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace braid;

namespace {

using command = run_logic::command;

/// One operator with a partition on each of two nodes; a third node runs
/// nothing, but keeps backups.
deployment three_nodes() {
  deployment plan;
  plan.run = 7;
  plan.name = "chain-7";
  plan.owners = {{{0, 1}, {0, 1}}};
  plan.nodes = {{"supervisor", 10, "127.0.0.1", 1},
                {"worker", 11, "127.0.0.1", 2},
                {"holder", 12, "127.0.0.1", 3}};
  return plan;
}

run_logic running() {
  run_logic result{three_nodes()};
  for (node_index node : {0, 1, 2})
    result.on_deployed(node);
  for (node_index node : {0, 1, 2})
    result.on_started(node);
  return result;
}

/// A partition on the only node.
run_logic alone() {
  deployment plan;
  plan.run = 7;
  plan.name = "chain-7";
  plan.owners = {{{0, 0}, {0}}};
  plan.nodes = {{"supervisor", 10, "127.0.0.1", 1}};
  plan.checkpoints = false;
  run_logic result{plan};
  result.begin();
  result.on_deployed(0);
  result.on_started(0);
  return result;
}

run_logic::actions to_both(command what) {
  return {{what, 0}, {what, 1}};
}

} // namespace

// Else it would be waited for when cuts and checkpoints are to be held.
TEST_CASE("all are told of the loss of a node that ran nothing") {
  auto logic = running();
  CHECK(logic.on_node_lost(2, "gone") == to_both(command::recover));
  auto order = logic.current_recovery();
  CHECK(order.lost.empty());
  CHECK(order.alive == std::vector<node_index>{0, 1});
  logic.on_recovered(0, 1);
  CHECK(logic.on_recovered(1, 1) == to_both(command::resume));
  logic.on_resumed(0, 1);
  // All over again if a connection breaks before everybody has heard.
  CHECK(logic.on_link_broken(0, 1, "cut") == to_both(command::recover));
  logic.on_recovered(0, 2);
  logic.on_recovered(1, 2);
  logic.on_resumed(0, 2);
  logic.on_resumed(1, 2);
  CHECK(logic.on_link_broken(0, 1, "cut") == to_both(command::resume));
}

// A dies, and C, which takes its slices, has closed later epochs already.
TEST_CASE("counterexample 20: what is lost goes into fresh partitions, never "
          "into those that run") {
  auto logic = running();
  auto before = logic.plan().owners[0].table;
  logic.on_node_lost(1, "gone");
  CHECK(logic.plan().owners[0].table == before);
  auto order = logic.current_recovery();
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].place == partition_place{0, 1});
  CHECK(order.lost[0].slices == std::vector<slice_id>{1});
  CHECK(order.lost[0].successor == 1);
  CHECK(logic.generation_of({0, 0}) == 0);
}

// Some have gone on, and others have seen what they did: if a second loss made
// them begin anew, what one more node held of them would be needed.
TEST_CASE("what a recovery has made stays if more is lost before all go on") {
  auto logic = running();
  logic.on_node_lost(1, "gone");
  auto host = logic.plan().owners[0].nodes[1];
  for (node_index node : {0, 2})
    logic.on_recovered(node, 1);
  logic.on_resumed(host, 1);
  const partition_place replaced{0, 1};
  SECTION("a node on which there is something else") {
    auto other = host == 0 ? 2u : 0u;
    logic.on_node_lost(other, "gone, too");
    for (auto& lost : logic.current_recovery().lost)
      CHECK_FALSE(lost.place == replaced);
    CHECK(logic.generation_of(replaced) == 1);
    logic.on_recovered(host, 2);
    auto restored = logic.current_resumption().restored;
    CHECK(std::count(restored.begin(), restored.end(), replaced) == 1);
  }
  SECTION("a connection") {
    logic.on_link_broken(0, 2, "cut");
    CHECK(logic.current_recovery().lost.empty());
    logic.on_recovered(0, 2);
    logic.on_recovered(2, 2);
    CHECK(logic.current_resumption().restored == std::vector{replaced});
  }
  SECTION("the supervisor") {
    run_logic after{logic.saved({})};
    after.on_supervisor_back({0, 2}, {});
    CHECK(after.current_recovery().lost.empty());
    after.on_recovered(0, 2);
    after.on_recovered(2, 2);
    // Nobody knows what else was under way.
    CHECK(after.current_resumption().restored
          == std::vector<partition_place>{{0, 0}, replaced});
  }
  SECTION("itself") {
    logic.on_partition_failed(replaced, {"threw", true, 1, {}}, "worker/1");
    CHECK(logic.current_recovery().lost.size() == 1);
    CHECK(logic.generation_of(replaced) == 2);
  }
}

TEST_CASE("what a recovery was making is made anew if more is lost") {
  auto logic = running();
  logic.on_node_lost(1, "gone");
  logic.on_recovered(0, 1);
  logic.on_node_joined({"late", 13, "127.0.0.1", 4});
  auto order = logic.current_recovery();
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].successor == 2);
}

TEST_CASE("after a restart of the supervisor all are told which nodes there "
          "are") {
  auto before = running();
  // The latest that it decided, and may not have told everybody.
  before.on_node_joined({"late", 13, "127.0.0.1", 4});
  run_logic after{before.saved({})};
  run_logic::actions expected{
    {command::recover, 0}, {command::recover, 1}, {command::recover, 3}};
  CHECK(after.on_supervisor_back({0, 1, 3}, {}) == expected);
  CHECK(after.current_recovery().alive == std::vector<node_index>{0, 1, 3});
}

TEST_CASE("a node that is lost before all have started is a loss like any "
          "other") {
  run_logic logic{three_nodes()};
  logic.begin();
  logic.on_deployed(0);
  SECTION("what may not be there yet is made anew") {
    CHECK(logic.on_node_lost(2, "gone") == to_both(command::recover));
    auto order = logic.current_recovery();
    CHECK(order.stable == 0);
    REQUIRE(order.lost.size() == 1);
    CHECK(order.lost[0].place == partition_place{0, 1});
    // What was under way when it was lost does not count.
    CHECK(logic.on_deployed(1).empty());
  }
  // A source must not forget how it has cut.
  SECTION("what may have begun stays") {
    logic.on_deployed(1);
    logic.on_deployed(2);
    logic.on_started(0);
    CHECK(logic.on_node_lost(2, "gone") == to_both(command::recover));
    CHECK(logic.current_recovery().lost.empty());
    CHECK(logic.on_started(1).empty());
  }
  SECTION("what has failed begins again") {
    logic.on_deployed(1);
    logic.on_deployed(2);
    logic.on_partition_failed({0, 0}, {"threw", true, 1, {}}, "worker/0");
    CHECK(logic.generation() == 0);
    logic.on_node_lost(2, "gone");
    auto order = logic.current_recovery();
    REQUIRE(order.lost.size() == 1);
    CHECK(order.lost[0].place == partition_place{0, 0});
  }
  auto generation = logic.generation();
  logic.on_recovered(0, generation);
  logic.on_recovered(1, generation);
  CHECK(logic.state() == run_state::starting);
  CHECK(logic.current_resumption().starts);
  logic.on_resumed(0, generation);
  logic.on_resumed(1, generation);
  CHECK(logic.state() == run_state::running);
  CHECK_FALSE(logic.current_resumption().starts);
}

TEST_CASE("a run without checkpoints that loses a node as it starts fails") {
  auto plan = three_nodes();
  plan.settings.checkpoint_interval_us = 0;
  run_logic logic{plan};
  logic.begin();
  logic.on_node_lost(1, "gone");
  CHECK(logic.state() == run_state::failed);
  CHECK(logic.reason() == "gone");
}

TEST_CASE("a node that joins while others start waits until they have") {
  run_logic logic{three_nodes()};
  logic.begin();
  CHECK(logic.on_node_joined({"late", 13, "127.0.0.1", 4}).empty());
  CHECK_FALSE(logic.is_alive(3));
  CHECK(logic.has(3));
  SECTION("it is taken in then") {
    for (node_index node : {0, 1, 2})
      logic.on_deployed(node);
    logic.on_started(0);
    logic.on_started(1);
    run_logic::actions expected;
    for (node_index node : {0, 1, 2, 3})
      expected.push_back({command::recover, node});
    CHECK(logic.on_started(2) == expected);
    CHECK(logic.current_recovery().lost.empty());
  }
  SECTION("or when something is lost") {
    logic.on_node_lost(0, "gone");
    CHECK(logic.current_recovery().alive == std::vector<node_index>{1, 2, 3});
  }
  SECTION("or not, if it is lost before") {
    CHECK(logic.on_node_lost(3, "gone").empty());
    CHECK_FALSE(logic.has(3));
    CHECK(logic.state() == run_state::starting);
  }
}

// Its sinks may not have been cut back yet.
TEST_CASE("a run that loses a node while it begins from a savepoint goes back "
          "again") {
  auto plan = three_nodes();
  plan.begins_after = 40;
  run_logic logic{plan};
  logic.begin();
  CHECK(logic.current_recovery().goes_back);
  logic.on_recovered(0, 1);
  CHECK(logic.on_node_lost(2, "gone") == to_both(command::recover));
  CHECK(logic.current_recovery().goes_back);
  CHECK(logic.current_recovery().lost.size() == 2);
  logic.on_recovered(0, 2);
  logic.on_recovered(1, 2);
  logic.on_resumed(0, 2);
  logic.on_resumed(1, 2);
  CHECK(logic.state() == run_state::running);
  logic.on_link_broken(0, 1, "cut");
  CHECK_FALSE(logic.current_recovery().goes_back);
}

// Sources that cut by the clock would cut otherwise, since nobody knows how
// they have cut so far.
TEST_CASE("a run on a single node takes checkpoints once another one joins") {
  auto logic = alone();
  CHECK(logic.on_node_joined({"late", 13, "127.0.0.1", 4})
        == to_both(command::recover));
  CHECK(logic.current_recovery().plan.checkpoints);
  CHECK(logic.current_recovery().lost.empty());
  for (node_index node : {0, 1})
    logic.on_recovered(node, 1);
  for (node_index node : {0, 1})
    logic.on_resumed(node, 1);
  CHECK(logic.is_unsafe());
  SECTION("what is lost before they are stable is lost for good") {
    auto saved = logic.saved({});
    logic.on_node_lost(0, "gone");
    CHECK(logic.state() == run_state::failed);
    CHECK(logic.reason().find("first checkpoint") != std::string::npos);
    run_logic after{saved};
    after.on_supervisor_back({1}, {});
    CHECK(after.state() == run_state::failed);
  }
  SECTION("not so a node without partitions") {
    logic.on_node_lost(1, "gone");
    CHECK(logic.state() == run_state::running);
  }
  SECTION("nor anything later") {
    logic.on_checkpoint({7, {0, 0}, 0, 40, false, 0});
    CHECK_FALSE(logic.is_unsafe());
    logic.on_node_lost(0, "gone");
    CHECK(logic.current_recovery().lost.size() == 1);
  }
}

TEST_CASE("a run on a single node takes checkpoints once slices are to change "
          "hands") {
  auto logic = alone();
  auto actions = logic.hand_over_slices({{0, {0}, {{{0}, 0}, {{1}, 0}}}});
  CHECK(actions == run_logic::actions{{command::recover, 0}});
  CHECK(logic.current_recovery().plan.checkpoints);
  logic.on_recovered(0, 1);
  logic.on_resumed(0, 1);
  CHECK(logic.hand_overs_waiting() == 1);
  // They wait for one more if a node joins.
  if (GENERATE(false, true)) {
    logic.on_node_joined({"late", 13, "127.0.0.1", 4});
    for (node_index node : {0, 1})
      logic.on_recovered(node, 2);
    for (node_index node : {0, 1})
      logic.on_resumed(node, 2);
    CHECK(logic.hand_overs_waiting() == 1);
  }
  actions = logic.on_checkpoint({7, {0, 0}, 0, 40, false, 0});
  REQUIRE(logic.plan().hand_overs.size() == 1);
  CHECK(logic.current_recovery().lost.size() == 2);
}
