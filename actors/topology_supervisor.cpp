#include "actors/topology_supervisor.hpp"

#include "actors/log.hpp"
#include "actors/operator_supervisor.hpp"
#include "actors/topology_checkpoints.hpp"
#include "actors/topology_steps.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace braid {

namespace topology_steps {

event_time now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch())
    .count();
}

/// Tells home what has changed.
void report(self_pointer self) {
  auto& state = self->state;
  auto& report = state.given.report;
  follow_scaling(self);
  report.stable_epoch = state.logic->stable();
  // A run that begins from a savepoint has not lost anything by that.
  auto begun = state.logic->plan().begins_after != 0 ? 1 : 0;
  report.recoveries =
    state.logic->generation() - begun - state.logic->hand_overs();
  report.hand_overs = state.logic->hand_overs();
  report.hand_over = hand_over_in_words(self);
  report.hand_over_problem = state.logic->hand_over_problem();
  for (operator_id id = 0; id < report.operators.size(); ++id) {
    report.operators[id].partitions = state.logic->count_hosts(id);
    report.operators[id].partitions_done = state.logic->count_done(id);
  }
  // Nobody is to see a run that is over without its figures.
  if (is_over(state.logic->state()) && state.stopping > 0) {
    write_down(self);
    return;
  }
  if (report.state != state.logic->state()) {
    report.state = state.logic->state();
    report.reason = state.logic->reason();
    if (is_over(report.state))
      report.ended_at = now();
    log("topology")
      ->info("{} is {}{}", report.name, to_string(report.state),
             report.reason.empty() ? "" : ": " + report.reason);
  }
  write_down(self);
  self->send(state.given.home, report);
}

std::string node_name(self_pointer self, node_index node) {
  return self->state.logic->plan().nodes[node].name;
}

control_request content_of(self_pointer self, run_logic::command what) {
  auto& logic = *self->state.logic;
  auto run = logic.plan().run;
  switch (what) {
    case run_logic::command::deploy:
      return request_of(request_kind::deploy, logic.plan());
    case run_logic::command::start:
      return request_of(request_kind::start, run);
    case run_logic::command::recover:
      return request_of(request_kind::recover, logic.current_recovery());
    case run_logic::command::resume:
      return request_of(request_kind::resume, logic.current_resumption());
    case run_logic::command::stable:
      return request_of(request_kind::stable, run_epoch{run, logic.stable()});
    case run_logic::command::stop_origins:
      return request_of(request_kind::stop_origins,
                        run_epoch{run, logic.generation()});
    case run_logic::command::adopt:
      return request_of(request_kind::adopt,
                        placement_change{logic.plan(), logic.generation()});
    case run_logic::command::stop:
      break;
  }
  return request_of(request_kind::stop, run);
}

control_request to_request(self_pointer self, run_logic::command what) {
  auto result = content_of(self, what);
  result.decided_in = self->state.given.incarnation;
  return result;
}

/// The last that a node tells of its part of the run.
void keep_last_figures(self_pointer self, const control_reply& stopped) {
  auto& all = self->state.given.report.partitions;
  for (auto& last : from_body<std::vector<partition_report>>(stopped.body))
    all.push_back(std::move(last));
}

/// A node has stopped its part of the run, or does not answer.
void on_stopped(self_pointer self) {
  --self->state.stopping;
  report(self);
}

/// A command as it was when it was sent.
struct sent_command {
  run_logic::action action;
  generation_number generation = 0;
};

void ask_nodes(self_pointer self, request_kind what,
               std::function<void(const std::optional<node_answers>&)> then) {
  struct gathered {
    node_answers answers;
    std::size_t missing = 0;
    bool failed = false;
  };
  auto& state = self->state;
  auto all = std::make_shared<gathered>();
  auto on_answer = [=, then = std::move(then)](const control_reply* reply) {
    if (reply && reply->error.empty())
      all->answers.push_back(reply->body);
    else
      all->failed = true;
    auto& logic = *self->state.logic;
    if (--all->missing == 0 && !is_over(logic.state())
        && !logic.is_recovering())
      then(all->failed ? std::nullopt : std::optional{all->answers});
  };
  for (node_index node = 0; node < state.given.nodes.size(); ++node)
    if (state.logic->is_alive(node)) {
      ++all->missing;
      self
        ->request(state.given.nodes[node], caf::duration{state.given.limit},
                  request_of(what, state.logic->plan().run))
        .then([=](const control_reply& reply) { on_answer(&reply); },
              [=](const caf::error&) { on_answer(nullptr); });
    }
}

void on_done(self_pointer self, const sent_command& sent) {
  auto& logic = *self->state.logic;
  auto [what, node] = sent.action;
  switch (what) {
    case run_logic::command::deploy:
      carry_out(self, logic.on_deployed(node));
      break;
    case run_logic::command::start:
      carry_out(self, logic.on_started(node));
      break;
    case run_logic::command::recover:
      carry_out(self, logic.on_recovered(node, sent.generation));
      break;
    case run_logic::command::resume:
      carry_out(self, logic.on_resumed(node, sent.generation));
      on_checkpoint_loss(self);
      on_savepoint_loss(self);
      if (!logic.is_recovering() && sent.generation == logic.generation())
        log("topology")
          ->info("{} goes on after epoch {}", self->state.given.report.name,
                 logic.stable());
      break;
    case run_logic::command::adopt:
      carry_out(self, logic.on_adopted(node, sent.generation));
      break;
    case run_logic::command::stop_origins:
    case run_logic::command::stable:
    case run_logic::command::stop:
      return;
  }
  report(self);
}

void on_refused(self_pointer self, const sent_command& sent,
                const std::string& error) {
  auto& logic = *self->state.logic;
  auto [what, node] = sent.action;
  auto name = node_name(self, node);
  // Both are told to nodes that may be gone.
  if (what == run_logic::command::stop || what == run_logic::command::stable)
    return log("topology")
      ->warn("{}: node {} did not do as told: {}",
             self->state.given.report.name, name, error);
  if (sent.generation != logic.generation())
    return;
  if (logic.may_abort())
    carry_out(self, logic.abort_hand_overs("node " + name + ": " + error));
  else
    carry_out(self, logic.on_failure("node " + name + ": " + error));
  report(self);
}

/// Recovering may take long, and a node that hangs is lost sooner or later:
/// until then it is told again. All else fails the run.
void on_silence(self_pointer self, const sent_command& sent) {
  auto& logic = *self->state.logic;
  auto [what, node] = sent.action;
  auto again = what == run_logic::command::recover
               || what == run_logic::command::resume
               || what == run_logic::command::adopt
               || what == run_logic::command::stop_origins;
  if (!again)
    return on_refused(self, sent, "no answer in time");
  if (!is_over(logic.state()) && logic.is_alive(node)
      && sent.generation == logic.generation())
    carry_out(self, {sent.action});
}

void tell(self_pointer self, const run_logic::action& action) {
  auto& given = self->state.given;
  auto& node = given.nodes[action.node];
  if (!node)
    return; // has not come back yet
  sent_command sent{action, self->state.logic->generation()};
  auto stops = action.what == run_logic::command::stop;
  self->state.stopping += stops ? 1 : 0;
  self->request(node, caf::duration{given.limit}, to_request(self, action.what))
    .then(
      [=](const control_reply& reply) {
        if (!reply.error.empty())
          on_refused(self, sent, reply.error);
        else if (stops)
          keep_last_figures(self, reply);
        else
          on_done(self, sent);
        if (stops)
          on_stopped(self);
      },
      [=](const caf::error&) {
        on_silence(self, sent);
        if (stops)
          on_stopped(self);
      });
}

void carry_out(self_pointer self, const run_logic::actions& actions) {
  auto& waiting = self->state.undecided;
  waiting.insert(waiting.end(), actions.begin(), actions.end());
  if (waiting.empty() || !write_down(self))
    return;
  limit_hand_over(self);
  follow_scaling(self);
  for (auto& action : std::exchange(waiting, {}))
    tell(self, action);
}

// -- checkpoints --------------------------------------------------------------

void on_checkpoint(self_pointer self, const checkpoint_report& done) {
  auto& state = self->state;
  state.naming.on_backed_up(done.epoch, done.bytes);
  carry_out(self, state.logic->on_checkpoint(done));
  if (state.given.report.stable_epoch == state.logic->stable())
    return;
  state.naming.on_stable(state.logic->stable(),
                         checkpoint_naming::clock::now());
  on_savepoint_stable(self);
  report(self);
  name_checkpoint_if_due(self);
}

// -- losses -------------------------------------------------------------------

/// The node of that name that is not lost; nothing if there is none.
std::optional<node_index> living_node(self_pointer self,
                                      const std::string& name) {
  auto& logic = *self->state.logic;
  auto& nodes = logic.plan().nodes;
  for (node_index node = 0; node < nodes.size(); ++node)
    if (nodes[node].name == name && logic.has(node))
      return node;
  return std::nullopt;
}

void on_node_lost(self_pointer self, const link_down& lost) {
  auto node = living_node(self, lost.peer);
  if (!node)
    return;
  if (auto& back = self->state.coming_back) {
    back->returned.erase(*node);
    return;
  }
  log("topology")
    ->warn("{} has lost node {}: {}", self->state.given.report.name, lost.peer,
           lost.reason);
  carry_out(self, self->state.logic->on_node_lost(
                    *node, "node " + lost.peer + " is lost: " + lost.reason));
  report(self);
}

void on_node_joined(self_pointer self, const node_joined& joined) {
  auto& state = self->state;
  if (state.coming_back)
    return on_node_returned(self, joined);
  stop_leftover(self, joined);
  auto actions = state.logic->on_node_joined(joined.node);
  if (state.logic->plan().nodes.size() == state.given.nodes.size())
    return; // it has no use for more
  log("topology")
    ->info("{} may use node {}", state.given.report.name, joined.node.name);
  state.given.nodes.push_back(joined.supervisor);
  carry_out(self, actions);
  on_more_room(self);
}

void on_link_broken(self_pointer self, const link_report& broken) {
  if (self->state.coming_back)
    return; // all channels will begin anew
  auto one = living_node(self, broken.node);
  auto other = living_node(self, broken.peer);
  if (!one || !other)
    return;
  if (broken.given_up)
    return lose_one_of(self, *one, *other, broken);
  carry_out(self, self->state.logic->on_link_broken(
                    *one, *other,
                    "the data link between node " + broken.node + " and node "
                      + broken.peer + " broke: " + broken.reason));
  report(self);
}

void on_partition_failed(self_pointer self, const partition_event& event,
                         const std::string& operator_name) {
  auto& logic = *self->state.logic;
  auto actions = logic.on_partition_failed(
    {event.id, event.partition}, event.failure,
    operator_name + "/" + std::to_string(event.partition));
  if (logic.is_recovering())
    log("topology")
      ->warn("{}: {}", self->state.given.report.name, logic.latest_failure());
  carry_out(self, actions);
}

void on_event(self_pointer self, const partition_event& event) {
  auto& state = self->state;
  // An instance that was replaced may still stumble.
  if (event.generation
      != state.logic->generation_of({event.id, event.partition}))
    return;
  auto& node = state.given.report.operators.at(event.id);
  self->send(state.operators.at(event.id), event);
  if (event.failed)
    on_partition_failed(self, event, node.name);
  else
    carry_out(self, state.logic->on_partition_done({event.id, event.partition},
                                                   event.generation));
  report(self);
}

/// All that is about savepoints.
caf::message_handler savepoint_handlers(self_pointer self) {
  return {
    [=](const savepoint_order& order) { order_savepoint(self, order); },
    [=](savepoint_tick_atom) { on_savepoint_tick(self); },
    [=](savepoint_period_atom) { on_periodic_savepoint(self); },
    [=](const gathering_report& report) { on_gathering(self, report); },
  };
}

/// All that is about checkpoints.
caf::message_handler checkpoint_handlers(self_pointer self) {
  return {
    [=](const checkpoint_report& done) { on_checkpoint(self, done); },
    [=](tick_atom) { on_checkpoint_tick(self); },
    [=](look_atom) {
      self->state.look_queued = false;
      name_checkpoint_if_due(self);
    },
    [=](const checkpoint_wish& wish) { on_wish(self, wish); },
    [=](const checkpoint_refusal& refusal) { on_not_kept(self, refusal); },
    [=](const run_epoch& refused) {
      self->state.naming.on_refused(refused.epoch);
      on_savepoint_refused(self, refused.epoch);
      name_checkpoint_if_due(self);
    },
  };
}

} // namespace topology_steps

caf::behavior topology_supervisor(topology_steps::self_pointer self,
                                  run_begin begin) {
  using namespace topology_steps;
  auto& state = self->state;
  state.given = std::move(begin);
  state.given.report.actor = self->id();
  auto& given = state.given;
  auto& saved = given.saved;
  state.logic = saved ? std::make_unique<run_logic>(*saved)
                      : std::make_unique<run_logic>(given.plan);
  state.recorder = run_recorder<supervisor_journal>{
    given.journal, saved ? *saved : saved_run{}};
  state.naming = {
    std::chrono::microseconds{given.plan.settings.checkpoint_interval_us},
    checkpoint_naming::clock::now(),
    std::max(given.plan.begins_after, saved ? saved->stable : 0)};
  state.savepoints.given = std::move(given.savepoints);
  if (given.plan.may_take_checkpoints())
    on_checkpoint_tick(self);
  begin_savepoints(self);
  begin_scaling(self);
  for (auto& node : given.report.operators)
    state.operators.push_back(self->spawn<caf::linked>(
      operator_supervisor, caf::actor_cast<caf::actor>(self), node));
  if (saved)
    await_nodes(self);
  else
    begin_run(self);
  report(self);
  return caf::message_handler{
    [=](const partition_event& event) { on_event(self, event); },
    [=](const operator_report& changed) {
      for (auto& node : self->state.given.report.operators)
        if (node.name == changed.name)
          node = changed;
      report(self);
    },
    [=](const link_down& lost) { on_node_lost(self, lost); },
    [=](const node_joined& joined) { on_node_joined(self, joined); },
    [=](const link_report& broken) { on_link_broken(self, broken); },
    [=](const hand_over_notice& notice) { on_hand_over_notice(self, notice); },
    [=](const hand_over_limit& limit) { on_hand_over_limit(self, limit); },
    [=](const control_request& order) { return on_scaling_order(self, order); },
    [=](measure_atom) { measure(self); },
    [=](work_atom) { try_journal_again(self); },
    [=](start_atom) { go_on(self); },
    [=](const control_reply&) {
      // To what was sent and not requested: names of checkpoints.
    },
    [=](stop_atom) {
      carry_out(self, self->state.logic->on_cancel());
      report(self);
    },
  }
    .or_else(checkpoint_handlers(self))
    .or_else(savepoint_handlers(self));
}

} // namespace braid
