// What nodes are told while slices change hands, and what comes of losses then.
#include "tests/actors/chain_run.hpp"

#include "actors/run_logic.hpp"

#include "scaling/scaling_settings.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace braid;
using namespace braid::chain_run;

namespace {

using command = run_logic::command;
using phase = run_logic::hand_over_phase;

/// The commands in `actions`, each once.
std::set<command> kinds_in(const run_logic::actions& actions) {
  std::set<command> result;
  for (auto& action : actions)
    result.insert(action.what);
  return result;
}

/// Both shadows have caught up, and have backed up epoch 8.
void bring_shadows_near(run_logic& logic) {
  prepare(logic);
  for (partition_index successor : {1, 2}) {
    logic.on_caught_up({1, successor}, logic.generation());
    report(logic, 1, successor, 8);
  }
}

} // namespace

TEST_CASE("slices change hands once their successors have caught up") {
  auto logic = running();
  CHECK(kinds_in(logic.hand_over_slices(halves()))
        == std::set{command::recover});
  auto order = logic.current_recovery();
  REQUIRE(order.lost.size() == 2);
  CHECK(order.lost[0].shadow);
  CHECK(order.lost[0].slices == std::vector<slice_id>{0});
  CHECK(order.lost[1].place == partition_place{1, 2});
  CHECK(order.lost[1].origins == std::vector<partition_index>{0});
  CHECK(order.plan.owners[1].nodes == std::vector<node_index>{1, 1, 2});

  take_over(logic = running());
  CHECK(logic.plan().owners[1].table == slice_table{1, 2});
  CHECK(logic.plan().hand_overs.empty());
  for (node_index node : {0, 1, 2})
    logic.on_adopted(node, logic.generation());
  CHECK(logic.phase() == phase::none);
  CHECK(logic.hand_over_problem().empty());
}

// Holders must still have what successors are made from [27].
TEST_CASE(
  "no newer epoch is announced to be stable while successors are made") {
  auto logic = running();
  all_old_report(logic, 5);
  logic.hand_over_slices(halves());
  report(logic, 0, 0, 9);
  CHECK(report(logic, 1, 0, 9).empty());
  CHECK(logic.current_recovery().stable == 5);
  auto generation = logic.generation();
  logic.on_recovered(0, generation);
  logic.on_recovered(1, generation);
  CHECK(kinds_in(logic.on_recovered(2, generation))
        == std::set{command::stable, command::resume});
}

// What they were made from may be on no other node than their own [29].
TEST_CASE("origins go on until their successors are backed up at the stable "
          "epoch [counterexample 29]") {
  auto logic = running();
  prepare(logic);
  for (partition_index successor : {1, 2}) {
    CHECK(logic.on_caught_up({1, successor}, logic.generation()).empty());
    report(logic, 1, successor, 9);
  }
  all_old_report(logic, 10);
  CHECK(logic.phase() == phase::catching_up);
  report(logic, 1, 1, 10);
  CHECK(logic.phase() == phase::catching_up);
  CHECK(kinds_in(report(logic, 1, 2, 10))
        == std::set{command::stable, command::stop_origins});
}

TEST_CASE("the owner after an epoch reports it [counterexample 31]") {
  auto logic = running();
  take_over(logic);
  // The origin's, of an epoch before it stopped, counts no further.
  report(logic, 0, 0, 14);
  CHECK(report(logic, 1, 0, 14).empty());
  CHECK(logic.stable() == 10);
  report(logic, 1, 1, 14);
  report(logic, 1, 2, 14);
  CHECK(logic.stable() == 14);
}

TEST_CASE("before it is committed, a loss ends a hand-over with the old "
          "owner") {
  auto logic = running();
  auto stop = GENERATE(false, true);
  if (stop)
    catch_up(logic);
  else
    prepare(logic);
  auto generation = logic.generation();
  CHECK(kinds_in(logic.on_node_lost(2, "gone")) == std::set{command::recover});
  auto order = logic.current_recovery();
  CHECK(order.lost.empty());
  CHECK(order.plan.hand_overs.empty());
  CHECK(order.plan.owners[1].table == slice_table{0, 0});
  // Downstream asks the origin again: it may have stopped.
  CHECK(logic.current_resumption().restored
        == std::vector<partition_place>{{1, 0}});
  CHECK_FALSE(logic.hand_over_problem().empty());
  // What was under way of it is void.
  CHECK(logic.on_origins_stopped(generation, {{{1, 0}, 15}}).empty());
  CHECK(logic.on_caught_up({1, 1}, generation).empty());
}

TEST_CASE("after it is committed, a loss ends a hand-over with the new "
          "owners") {
  auto logic = running();
  take_over(logic);
  logic.on_node_lost(2, "gone");
  auto order = logic.current_recovery();
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].place == partition_place{1, 2});
  CHECK_FALSE(order.lost[0].shadow);
  CHECK(order.plan.hand_overs.empty());
  CHECK(order.plan.owners[1].table == slice_table{1, 2});
  CHECK(logic.hand_over_problem().empty());
}

TEST_CASE("a supervisor that is started again knows the old or the new owner") {
  auto logic = running();
  auto committed = GENERATE(false, true);
  if (committed)
    take_over(logic);
  else
    catch_up(logic);
  run_logic after{logic.saved({})};
  after.on_supervisor_back({0, 1, 2}, {});
  auto expected = committed ? slice_table{1, 2} : slice_table{0, 0};
  CHECK(after.plan().owners[1].table == expected);
  CHECK(after.plan().hand_overs.empty());
}

TEST_CASE("hand-overs follow one another [counterexample 30]") {
  auto logic = running();
  auto plans = halves();
  plans.push_back({0, {0}, {{{0, 1}, 2}}});
  logic.hand_over_slices(plans);
  REQUIRE(logic.plan().hand_overs.size() == 1);
  CHECK(logic.plan().hand_overs.front().of == 0);
  CHECK(logic.hand_overs_waiting() == 1);
}

TEST_CASE("what fails in a shadow is no failure of the run") {
  auto logic = running();
  prepare(logic);
  partition_failure failure{"no", true, 3, {}};
  CHECK(kinds_in(logic.on_partition_failed({1, 2}, failure, "counts/2"))
        == std::set{command::recover});
  CHECK(logic.state() == run_state::running);
  CHECK(logic.current_recovery().lost.empty());
  CHECK_THAT(logic.hand_over_problem(), Catch::Contains("counts/2"));
}

TEST_CASE("without checkpoints nothing is moved") {
  deployment plan;
  plan.owners = {{{0}, {0}}};
  plan.nodes = {{"alone", 1, "", 0}};
  plan.settings.checkpoint_interval_us = 0;
  run_logic logic{plan};
  logic.on_deployed(0);
  logic.on_started(0);
  CHECK_THROWS_AS(logic.hand_over_slices({{0, {0}, {{{0}, 0}}}}),
                  scaling_error);
  // It would begin with nothing.
  CHECK_THROWS_AS(logic.relocate({{{0, 0}, 0}}), scaling_error);
}

// Each time the next epoch was stable before they had backed up the last one.
TEST_CASE("what becomes stable waits for shadows that are nearly there") {
  auto logic = running();
  bring_shadows_near(logic);
  all_old_report(logic, 10);
  CHECK(logic.stable() == 0);
  CHECK(report(logic, 1, 1, 10).empty());
  auto ready = report(logic, 1, 2, 10);
  CHECK(logic.stable() == 10);
  CHECK(kinds_in(ready).contains(command::stop_origins));
  CHECK(logic.phase() == phase::stopping);
}

TEST_CASE("an epoch that a shadow has left out is not waited for") {
  auto logic = running();
  bring_shadows_near(logic);
  all_old_report(logic, 10);
  report(logic, 1, 1, 12);
  report(logic, 1, 2, 11);
  CHECK(logic.stable() == 10);
  CHECK(logic.phase() == phase::catching_up);
}

TEST_CASE("nothing waits for shadows that have not backed up anything yet") {
  auto logic = running();
  prepare(logic);
  logic.on_caught_up({1, 1}, logic.generation());
  logic.on_caught_up({1, 2}, logic.generation());
  report(logic, 1, 1, 8);
  all_old_report(logic, 10);
  CHECK(logic.stable() == 10);
}

TEST_CASE("what waited for shadows counts when the hand-over is aborted") {
  auto logic = running();
  bring_shadows_near(logic);
  all_old_report(logic, 10);
  logic.abort_hand_overs("for a reason");
  CHECK(logic.stable() == 10);
}

TEST_CASE("nothing comes of what fails in an origin that has handed over") {
  auto logic = running();
  take_over(logic);
  CHECK(
    logic.on_partition_failed({1, 0}, {"late", true, 16, {}}, "'b' 0").empty());
  CHECK(logic.on_partition_failed({1, 0}, {"late", false, 16, {}}, "'b' 0")
          .empty());
  CHECK(logic.state() == run_state::running);
}

// What the lost node has kept of those who live is kept by nobody until they
// are backed up again: found by the simulator.
TEST_CASE("after a loss slices change hands once there is a later checkpoint") {
  auto logic = running();
  all_old_report(logic, 5);
  report(logic, 0, 0, 6);
  logic.on_node_lost(2, "gone");
  auto generation = logic.generation();
  for (node_index node : {0, 1})
    logic.on_recovered(node, generation);
  for (node_index node : {0, 1})
    logic.on_resumed(node, generation);
  std::vector<planned_hand_over> to_another{{1, {0}, {{{0, 1}, 0}}}};
  CHECK(logic.hand_over_slices(to_another).empty());
  // That epoch's copies may have been on the lost node.
  all_old_report(logic, 6);
  CHECK(logic.stable() == 6);
  CHECK(logic.phase() == phase::none);
  all_old_report(logic, 7);
  CHECK(logic.phase() == phase::preparing);
}

// The fence of the next life was set by the successors, which never took over:
// no epoch became stable any more.
TEST_CASE("origins count on after the supervisor was started again amid a "
          "hand-over") {
  auto before = running();
  prepare(before);
  run_logic after{before.saved({})};
  after.on_supervisor_back({0, 1, 2}, {});
  auto generation = after.generation();
  for (node_index node : {0, 1, 2})
    after.on_recovered(node, generation);
  // Whoever listened to the successors has to ask the origin again.
  auto anew = after.current_resumption().restored;
  CHECK(std::count(anew.begin(), anew.end(), partition_place{1, 0}) == 1);
  for (node_index node : {0, 1, 2})
    after.on_resumed(node, generation);
  CHECK(after.phase() == phase::none);
  all_old_report(after, 20);
  CHECK(after.stable() == 20);
}

namespace {

void recover_all(run_logic& logic) {
  auto generation = logic.generation();
  for (auto node : logic.alive())
    logic.on_recovered(node, generation);
  for (auto node : logic.alive())
    logic.on_resumed(node, generation);
}

} // namespace

// The only copy elsewhere may be where it goes, which must not be lost then:
// found by the simulator.
TEST_CASE("a partition begins again elsewhere once its own node keeps copies, "
          "too [counterexample 29]") {
  auto logic = running();
  all_old_report(logic, 5);
  CHECK(kinds_in(logic.relocate({{{0, 0}, 2}})) == std::set{command::recover});
  CHECK(logic.current_recovery().lost.empty());
  CHECK(logic.current_recovery().plan.is_leaving({0, 0}));
  recover_all(logic);
  CHECK(logic.plan().owners[0].nodes == std::vector<node_index>{0});
  all_old_report(logic, 6);
  auto order = logic.current_recovery();
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].place == partition_place{0, 0});
  CHECK(order.stable == 6);
  CHECK(order.plan.owners[0].nodes == std::vector<node_index>{2});
  CHECK(!order.plan.is_leaving({0, 0}));
}

TEST_CASE("after a loss what was to begin again elsewhere stays") {
  auto logic = running();
  all_old_report(logic, 5);
  logic.relocate({{{0, 0}, 2}});
  recover_all(logic);
  logic.on_node_lost(1, "gone");
  CHECK(!logic.current_recovery().plan.is_leaving({0, 0}));
  recover_all(logic);
  for (epoch_number epoch : {6, 7})
    all_old_report(logic, epoch);
  CHECK(logic.stable() == 7);
  CHECK(logic.plan().owners[0].nodes == std::vector<node_index>{0});
  CHECK_THAT(logic.hand_over_problem(), Catch::Contains("loss"));
}
