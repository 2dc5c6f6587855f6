// Who is told which nodes a run has.
#include "actors/run_logic.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

using command = run_logic::command;

/// One operator with a partition on each of two nodes; a third node runs
/// nothing, but keeps backups.
run_logic running() {
  deployment plan;
  plan.run = 7;
  plan.name = "chain-7";
  plan.owners = {{{0, 1}, {0, 1}}};
  plan.nodes = {{"supervisor", 10, "127.0.0.1", 1},
                {"worker", 11, "127.0.0.1", 2},
                {"holder", 12, "127.0.0.1", 3}};
  run_logic result{plan};
  for (node_index node : {0, 1, 2})
    result.on_deployed(node);
  for (node_index node : {0, 1, 2})
    result.on_started(node);
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
