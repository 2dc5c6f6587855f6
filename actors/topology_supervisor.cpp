#include "actors/topology_supervisor.hpp"

#include "actors/log.hpp"
#include "actors/operator_supervisor.hpp"

#include <caf/all.hpp>

namespace braid {

namespace {

using self_pointer = caf::stateful_actor<topology_supervisor_state>*;

event_time now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch())
    .count();
}

void carry_out(self_pointer self, const run_logic::actions& actions);

/// Tells home what has changed.
void report(self_pointer self) {
  auto& state = self->state;
  auto& report = state.given.report;
  if (report.state != state.logic->state()) {
    report.state = state.logic->state();
    report.reason = state.logic->reason();
    if (is_over(report.state))
      report.ended_at = now();
    log("topology")
      ->info("{} is {}{}", report.name, to_string(report.state),
             report.reason.empty() ? "" : ": " + report.reason);
  }
  self->send(state.given.home, report);
}

std::string node_name(self_pointer self, node_index node) {
  return self->state.given.plan.nodes[node].name;
}

control_request to_request(self_pointer self, run_logic::command what) {
  auto& plan = self->state.given.plan;
  switch (what) {
    case run_logic::command::deploy:
      return request_of(request_kind::deploy, plan);
    case run_logic::command::start:
      return request_of(request_kind::start, plan.run);
    case run_logic::command::stop:
      break;
  }
  return request_of(request_kind::stop, plan.run);
}

/// The last that a node tells of its part of the run.
void keep_last_figures(self_pointer self, const control_reply& stopped) {
  auto& all = self->state.given.report.partitions;
  for (auto& last : from_body<std::vector<partition_report>>(stopped.body))
    all.push_back(std::move(last));
  self->send(self->state.given.home, self->state.given.report);
}

void on_reply(self_pointer self, const run_logic::action& action,
              const std::string& error) {
  auto& logic = *self->state.logic;
  if (action.what == run_logic::command::stop) {
    // A node that is lost cannot stop; its partitions are gone with it.
    if (!error.empty())
      log("topology")
        ->warn("{}: node {} did not stop: {}", self->state.given.report.name,
               node_name(self, action.node), error);
    return;
  }
  if (!error.empty())
    carry_out(self, logic.on_failure("node " + node_name(self, action.node)
                                     + ": " + error));
  else if (action.what == run_logic::command::deploy)
    carry_out(self, logic.on_deployed(action.node));
  else
    carry_out(self, logic.on_started(action.node));
  report(self);
}

void carry_out(self_pointer self, const run_logic::actions& actions) {
  auto& given = self->state.given;
  for (auto& action : actions)
    self
      ->request(given.nodes[action.node], caf::duration{given.limit},
                to_request(self, action.what))
      .then(
        [=](const control_reply& reply) {
          on_reply(self, action, reply.error);
          if (action.what == run_logic::command::stop && reply.error.empty())
            keep_last_figures(self, reply);
        },
        [=](const caf::error&) {
          on_reply(self, action, "no answer in time");
        });
}

void on_event(self_pointer self, const partition_event& event) {
  auto& state = self->state;
  if (event.id == no_partition) {
    carry_out(self, state.logic->on_failure(event.reason));
    report(self);
    return;
  }
  auto& node = state.given.report.operators.at(event.id);
  self->send(state.operators.at(event.id), event);
  if (event.failed)
    carry_out(self, state.logic->on_failure("partition " + node.name + "/"
                                            + std::to_string(event.partition)
                                            + ": " + event.reason));
  else
    carry_out(self, state.logic->on_partition_done(event.id, event.partition));
  report(self);
}

std::uint64_t count_partitions(const assignment& owners) {
  std::uint64_t result = 0;
  for (auto& operator_owners : owners)
    result += operator_owners.partitions();
  return result;
}

} // namespace

caf::behavior topology_supervisor(self_pointer self, run_begin begin) {
  auto& state = self->state;
  state.given = std::move(begin);
  state.given.report.actor = self->id();
  auto& plan = state.given.plan;
  state.logic =
    std::make_unique<run_logic>(static_cast<std::uint32_t>(plan.nodes.size()),
                                count_partitions(plan.owners));
  for (auto& node : state.given.report.operators)
    state.operators.push_back(self->spawn<caf::linked>(
      operator_supervisor, caf::actor_cast<caf::actor>(self), node));
  carry_out(self, state.logic->begin());
  report(self);
  return {
    [=](const partition_event& event) { on_event(self, event); },
    [=](const operator_report& changed) {
      for (auto& node : self->state.given.report.operators)
        if (node.name == changed.name)
          node = changed;
      report(self);
    },
    [=](const link_down& lost) {
      carry_out(self, self->state.logic->on_failure(
                        "node " + lost.peer + " is lost: " + lost.reason));
      report(self);
    },
    [=](stop_atom) {
      carry_out(self, self->state.logic->on_cancel());
      report(self);
    },
  };
}

} // namespace braid
