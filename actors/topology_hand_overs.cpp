// The part of the topology supervisor that is about other partitions for
// operators that go on.
#include "actors/hand_over_plan.hpp"
#include "actors/log.hpp"
#include "actors/topology_steps.hpp"

#include "scaling/figures_in_words.hpp"
#include "scaling/scaling_settings.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace braid::topology_steps {

namespace {

/// From its beginning to its commit: large states take a while to be restored,
/// and then to be backed up.
constexpr std::chrono::minutes longest_hand_over{5};

bool can_hand_over(self_pointer self, operator_id id) {
  return self->state.given.report.operators.at(id).kind == "operator";
}

operator_id find_operator(self_pointer self, const std::string& name) {
  auto& all = self->state.given.report.operators;
  auto found = std::find_if(all.begin(), all.end(),
                            [&](auto& each) { return each.name == name; });
  if (found == all.end())
    throw scaling_error{"run '" + self->state.given.report.name
                        + "' has no operator '" + name
                        + "' of its own; 'braidctl status' lists them"};
  auto id = static_cast<operator_id>(found - all.begin());
  if (!can_hand_over(self, id))
    throw scaling_error{
      "'" + name + "' is a " + found->kind
      + ", whose partitions stay as they were submitted; take a savepoint and "
        "submit from it with --parallelism-of "
      + name + "=N"};
  return id;
}

available_node available_on(self_pointer self, node_index node) {
  available_node result;
  result.node = node;
  if (auto limit = self->state.logic->plan().nodes[node].limit; limit != 0)
    result.limit = limit;
  return result;
}

/// Nodes that partitions may go to, with how many slices they host.
std::vector<available_node> available_nodes(self_pointer self,
                                            std::optional<node_index> without) {
  auto& logic = *self->state.logic;
  std::map<node_index, available_node> result;
  for (auto node : logic.alive())
    if (!logic.avoided().contains(node) && node != without)
      result[node] = available_on(self, node);
  for (auto& owned : logic.plan().owners)
    for (slice_id slice = 0; slice < owned.slices(); ++slice)
      if (auto found = result.find(owned.nodes[owned.table[slice]]);
          found != result.end())
        ++found->second.carries.load;
  for (auto& owned : logic.plan().owners)
    for (auto index : owned.hosts())
      if (auto found = result.find(owned.nodes[index]); found != result.end())
        ++found->second.carries.members;
  std::vector<available_node> nodes;
  nodes.reserve(result.size());
  for (auto& [node, available] : result)
    nodes.push_back(available);
  return nodes;
}

node_index find_node(self_pointer self, const std::string& name) {
  auto& logic = *self->state.logic;
  auto& nodes = logic.plan().nodes;
  for (node_index node = 0; node < nodes.size(); ++node)
    if (nodes[node].name == name && logic.is_alive(node))
      return node;
  throw scaling_error{"run '" + self->state.given.report.name
                      + "' does not use a node '" + name
                      + "'; 'braidctl nodes' lists them"};
}

/// With slices as they were measured.
hand_over_planner planner_of(self_pointer self,
                             std::optional<node_index> without = {}) {
  auto& owners = self->state.logic->plan().owners;
  return {owners, self->state.scaling->slice_costs(owners),
          available_nodes(self, without)};
}

scaling_plan plan_scale(self_pointer self, operator_id id,
                        std::uint32_t partitions) {
  auto planner = planner_of(self);
  scaling_plan result{planner.scale(id, partitions)};
  planner.require_room();
  return result;
}

scaling_plan plan_drain(self_pointer self, node_index node) {
  auto planner = planner_of(self, node);
  auto result = braid::plan_drain(
    planner, node, [=](operator_id id) { return can_hand_over(self, id); });
  planner.require_room();
  return result;
}

scaling_plan plan_rebalance(self_pointer self, const std::string& name) {
  scaling_plan result;
  auto planner = planner_of(self);
  auto only =
    name.empty() ? std::nullopt : std::optional{find_operator(self, name)};
  for (operator_id id = 0; id < self->state.logic->plan().owners.size(); ++id) {
    if (only ? id != only : !can_hand_over(self, id))
      continue;
    auto more = planner.rebalance(id);
    result.hand_overs.insert(result.hand_overs.end(), more.begin(), more.end());
  }
  planner.require_room();
  return result;
}

scaling_plan plan_of(self_pointer self, const scaling_order& order) {
  switch (order.kind) {
    case scaling_kind::scale:
      return plan_scale(self, find_operator(self, order.operator_name),
                        order.partitions);
    case scaling_kind::rebalance:
      return plan_rebalance(self, order.operator_name);
    case scaling_kind::drain:
      return plan_drain(self, find_node(self, order.node));
    case scaling_kind::abort:
      break;
  }
  return {};
}

std::string name_of(self_pointer self, operator_id of, partition_index index) {
  return self->state.given.report.operators.at(of).name + "/"
         + std::to_string(index);
}

std::vector<std::string> in_words(self_pointer self, const scaling_plan& plan) {
  std::vector<std::string> result;
  for (auto& each : plan.hand_overs) {
    std::string text;
    for (auto origin : each.origins)
      text += (text.empty() ? "" : ", ") + name_of(self, each.of, origin);
    text +=
      " to " + count_of(each.successors.size(), "fresh partition") + " on";
    for (std::size_t i = 0; i < each.successors.size(); ++i)
      text += (i == 0 ? " " : ", ") + node_name(self, each.successors[i].node);
    result.push_back(text);
  }
  for (auto& [place, node] : plan.relocations)
    result.push_back(name_of(self, place.id, place.index) + " begins again on "
                     + node_name(self, node));
  return result;
}

/// Keeps the decision of whoever ordered it.
void record(self_pointer self, const scaling_order& order,
            const scaling_plan& plan) {
  auto& state = self->state;
  if (order.kind == scaling_kind::scale) {
    state.scaling->on_request(scaling_clock(), order.operator_name,
                              order.partitions, *state.logic);
    return;
  }
  std::set<operator_id> moved;
  for (auto& each : plan.hand_overs)
    moved.insert(each.of);
  for (auto& [place, node] : plan.relocations)
    moved.insert(place.id);
  state.scaling->on_request_to_move(
    scaling_clock(), {moved.begin(), moved.end()},
    order.kind == scaling_kind::drain ? "node " + order.node + " is drained"
                                      : "rebalance was asked for",
    *state.logic);
}

/// Throws for the caller to report.
void begin_plan(self_pointer self, const scaling_plan& plan) {
  for (auto& step : in_words(self, plan))
    log("topology")->info("{}: {}", self->state.given.report.name, step);
  carry_out(self, self->state.logic->change(plan));
  forget_wanted_nodes(self);
}

/// The same, of what is decided and kept.
void begin_recorded(self_pointer self, const scaling_plan& plan) {
  try {
    begin_plan(self, plan);
  } catch (const scaling_error& error) {
    self->state.scaling->on_refusal(scaling_clock(), error.what());
    throw;
  }
}

/// What finds no room shall do so later, unless it was only asked for.
scaling_plan plan_order(self_pointer self, const scaling_order& order) {
  try {
    return plan_of(self, order);
  } catch (const no_room_error& error) {
    if (!order.dry_run)
      want_nodes(self, error);
    throw;
  }
}

scaling_answer carry_out_order(self_pointer self, const scaling_order& order) {
  auto& logic = *self->state.logic;
  if (is_over(logic.state()))
    throw scaling_error{"run '" + self->state.given.report.name + "' is "
                        + to_string(logic.state())};
  if (order.kind == scaling_kind::abort) {
    carry_out(self, logic.abort_hand_overs("it was asked to end"));
    report(self);
    return {};
  }
  if (self->state.coming_back || logic.is_recovering()
      || logic.phase() != run_logic::hand_over_phase::none
      || logic.hand_overs_waiting() > 0)
    throw scaling_error{"run '" + self->state.given.report.name
                        + "' is being placed anew already; wait until that is "
                          "over ('braidctl status' shows it)"};
  auto plan = plan_order(self, order);
  scaling_answer answer{in_words(self, plan)};
  if (order.dry_run)
    return answer;
  if (!plan.moves_nothing()) {
    record(self, order, plan);
    begin_recorded(self, plan);
    report(self);
  } else {
    logic.change(plan);
    write_down(self);
  }
  return answer;
}

} // namespace

std::string hand_over_in_words(self_pointer self) {
  auto& logic = *self->state.logic;
  if (logic.plan().hand_overs.empty()) {
    if (logic.phase() != run_logic::hand_over_phase::none)
      return "taking over";
    return logic.hand_overs_waiting() > 0 ? "waiting for the next checkpoint"
                                          : "";
  }
  auto& what = logic.plan().hand_overs.front();
  auto text = self->state.given.report.operators.at(what.of).name + ": "
              + count_of(what.origins.size(), "partition") + " to "
              + count_of(what.successors.size(), "fresh one") + ", ";
  switch (logic.phase()) {
    case run_logic::hand_over_phase::preparing:
      return text + "restoring";
    case run_logic::hand_over_phase::catching_up:
      return text + "catching up";
    default:
      return text + "taking over";
  }
}

void carry_out_decision(self_pointer self, const scaling_decision& decision) {
  auto& name = self->state.given.report.name;
  scaling_plan plan;
  try {
    auto planner = planner_of(self);
    for (auto& change : decision.changes) {
      log("topology")
        ->info("{}: {} is to have {} instead of {}: {}", name, change.name,
               count_of(change.to, "partition"), change.from, change.reason);
      auto more = planner.scale(change.id, change.to);
      plan.hand_overs.insert(plan.hand_overs.end(), more.begin(), more.end());
    }
    planner.require_room();
    begin_plan(self, plan);
  } catch (const scaling_error& error) {
    log("topology")->warn("{} is not scaled: {}", name, error.what());
    self->state.scaling->on_refusal(scaling_clock(), error.what());
    if (auto* no_room = dynamic_cast<const no_room_error*>(&error))
      want_nodes(self, *no_room);
  }
}

control_reply on_scaling_order(self_pointer self,
                               const control_request& request) {
  try {
    return {
      "",
      to_body(carry_out_order(self, from_body<scaling_order>(request.body))),
      false};
  } catch (const std::exception& error) {
    return {error.what(), {}, false};
  }
}

void on_hand_over_notice(self_pointer self, const hand_over_notice& notice) {
  auto& logic = *self->state.logic;
  carry_out(self, notice.epoch == 0
                    ? logic.on_caught_up(notice.place, notice.generation)
                    : logic.on_origins_stopped(notice.generation,
                                               {{notice.place, notice.epoch}}));
  report(self);
}

void limit_hand_over(self_pointer self) {
  auto& state = self->state;
  auto generation = state.logic->generation();
  if (!state.logic->may_abort() || state.timed_hand_over == generation)
    return;
  state.timed_hand_over = generation;
  self->delayed_send(self, longest_hand_over, hand_over_limit{generation});
}

void on_hand_over_limit(self_pointer self, const hand_over_limit& limit) {
  auto& logic = *self->state.logic;
  if (!logic.may_abort() || logic.generation() != limit.generation)
    return;
  log("topology")
    ->warn("{}: a hand-over is taken back, for it took too long",
           self->state.given.report.name);
  carry_out(self, logic.abort_hand_overs("it took too long"));
  report(self);
}

} // namespace braid::topology_steps
