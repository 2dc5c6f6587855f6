// The part of the node supervisor that is about a supervising node that is
// started again, or gone for a while.
#include "actors/log.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/savepoint_folder.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace braid {

// -- on the supervising node --------------------------------------------------

/// Leads on what an earlier life has left. Runs that are over are only shown.
void node_supervisor_state::restore_runs() {
  auto& own = parts.settings;
  for (auto& saved : parts.journal->runs()) {
    auto& plan = saved.plan;
    supervised_run run;
    run.number = plan.run;
    run.report = saved.report;
    run.report.stable_epoch = saved.stable;
    next_run = std::max(next_run, plan.run + 1);
    // The name ends with its number.
    auto digits = plan.name.substr(plan.asked.topology.size() + 1);
    auto& count = runs_of[plan.asked.topology];
    count = std::max(count, static_cast<unsigned>(std::stoul(digits)));
    if (is_over(run.report.state)) {
      runs_in_order.push_back(plan.name);
      runs.emplace(plan.name, std::move(run));
      continue;
    }
    for (auto& node : plan.nodes)
      run.nodes.push_back(node.name);
    run_begin begin;
    begin.nodes.resize(plan.nodes.size());
    begin.return_limit = own.return_limit;
    auto topologies = parts.registry->names();
    if (std::find(topologies.begin(), topologies.end(), plan.asked.topology)
        != topologies.end())
      begin.own =
        node_joined{address_in_run(introduce()), caf::actor{self}, false};
    try {
      std::shared_ptr<const topology> graph =
        parts.registry->compose(plan.asked.topology, plan.asked.settings);
      begin.savepoints = {own.savepoints, savepoint_form(plan, *graph)};
      // Before anybody is told to fetch from it.
      if (plan.begins_after != 0 && saved.stable == plan.begins_after)
        self->send(keeper, earlier_origin{plan, graph});
    } catch (const std::exception& error) {
      log("topology")
        ->warn("{} cannot be saved any more: {}", plan.name, error.what());
    }
    begin.saved = saved;
    log("topology")->info("{} goes on once its nodes are back", plan.name);
    supervise(plan, std::move(run), std::move(begin));
  }
}

/// Ends what a node still runs though nobody leads it any more: an earlier life
/// of this node did, and has not written it down, or it is over.
void node_supervisor_state::stop_forgotten(const introduction& node,
                                           const caf::actor& handle) {
  for (auto number : node.runs) {
    auto led = std::any_of(runs.begin(), runs.end(), [&](auto& known) {
      return known.second.number == number
             && !is_over(known.second.report.state);
    });
    if (led)
      continue;
    log("topology")
      ->warn("node {} has a part of a run that nobody leads any more; it ends",
             node.self.name);
    auto stop = request_of(request_kind::stop, number);
    stop.decided_in = parts.incarnation;
    self->send(handle, stop);
  }
}

// -- on the others ------------------------------------------------------------

/// From now on that node leads. It is told what nobody may remember.
void node_supervisor_state::follow(const introduction& supervisor) {
  supervising = supervisor.self.name;
  led_by = std::max(led_by, supervisor.self.incarnation);
  links.begin_anew();
  tell_again();
}

void node_supervisor_state::tell_again() {
  auto& leader = peers[supervising];
  auto tell = [&](request_kind kind, const auto& what) {
    self->send(leader, request_of(kind, what));
  };
  for (auto& [number, run] : told.all()) {
    for (auto& report : run.checkpoints)
      tell(request_kind::checkpointed, report);
    for (auto& [place, event] : run.events)
      tell(request_kind::partition_event, event);
    for (auto& report : run.broken)
      tell(request_kind::link_broken, report);
  }
  told.forget_broken();
}

/// A supervising node that is stopped in good order and remembers nothing takes
/// its runs with it.
void node_supervisor_state::on_leave(const std::string& node) {
  auto* known = members.find(node);
  auto ends_runs = known && node == supervising && !known->who.keeps_journal;
  lose(node, "it was stopped");
  if (!ends_runs)
    return;
  told.forget_all();
  local->stop_all();
}

} // namespace braid
