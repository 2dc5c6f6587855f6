// A run of two operators, one of which hands slices over, step by step.
#pragma once

#include "actors/run_logic.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace braid::chain_run {

/// Operator 0 has one partition, on node 0; operator 1, which sends to nobody,
/// one on node 1. Both have two slices. Node 2 has none.
inline run_logic running() {
  deployment plan;
  plan.run = 7;
  plan.name = "chain-7";
  plan.owners = {{{0, 0}, {0}}, {{0, 0}, {1}}};
  plan.nodes = {{"supervisor", 10, "127.0.0.1", 1},
                {"worker", 11, "127.0.0.1", 2},
                {"spare", 12, "127.0.0.1", 3}};
  run_logic result{plan};
  for (node_index node : {0, 1, 2})
    result.on_deployed(node);
  for (node_index node : {0, 1, 2})
    result.on_started(node);
  return result;
}

/// Partition 0 of operator 1 gives its slices to two fresh ones.
inline std::vector<planned_hand_over> halves() {
  return {{1, {0}, {{{0}, 1}, {{1}, 2}}}};
}

inline void prepare(run_logic& logic) {
  logic.hand_over_slices(halves());
  auto generation = logic.generation();
  for (auto node : logic.alive())
    logic.on_recovered(node, generation);
  for (auto node : logic.alive())
    logic.on_resumed(node, generation);
  REQUIRE(logic.phase() == run_logic::hand_over_phase::catching_up);
}

inline run_logic::actions report(run_logic& logic, operator_id of,
                                 partition_index index, epoch_number epoch) {
  partition_place place{of, index};
  return logic.on_checkpoint(
    {7, place, logic.generation_of(place), epoch, false, 0});
}

inline void all_old_report(run_logic& logic, epoch_number epoch) {
  report(logic, 0, 0, epoch);
  report(logic, 1, 0, epoch);
}

/// Up to the moment in which the origin is told to stop.
inline void catch_up(run_logic& logic) {
  prepare(logic);
  all_old_report(logic, 10);
  for (partition_index successor : {1, 2}) {
    report(logic, 1, successor, 10);
    logic.on_caught_up({1, successor}, logic.generation());
  }
  REQUIRE(logic.phase() == run_logic::hand_over_phase::stopping);
}

inline void take_over(run_logic& logic) {
  catch_up(logic);
  logic.on_origins_stopped(logic.generation(), {{{1, 0}, 15}});
  REQUIRE(logic.phase() == run_logic::hand_over_phase::adopting);
}

} // namespace braid::chain_run
