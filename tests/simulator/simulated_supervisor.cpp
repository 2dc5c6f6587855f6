#include "tests/simulator/simulated_supervisor.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulator {

simulated_supervisor::simulated_supervisor(
  simulated_world& world, const deployment& plan,
  std::shared_ptr<simulated_journal> journal)
  : world_(&world), logic_(std::make_unique<run_logic>(plan)),
    recorder_(std::move(journal)), naming_(std::chrono::hours{1}, now()) {}

simulated_supervisor::simulated_supervisor(
  simulated_world& world, std::shared_ptr<simulated_journal> journal)
  : world_(&world), logic_(std::make_unique<run_logic>(journal->run())),
    recorder_(journal, journal->run()), noted_(logic_->generation()),
    naming_(std::chrono::hours{1}, now(), logic_->stable()) {
  back_.emplace().awaited = logic_->alive();
}

void simulated_supervisor::begin() {
  carry_out(logic_->begin());
}

void simulated_supervisor::receive(simulated_network::delivery what) {
  auto from = what.from.node;
  std::visit(
    [&](auto& each) {
      if constexpr (requires { this->on(from, std::as_const(each)); })
        this->on(from, std::as_const(each));
      else
        throw simulation_failure{"the supervisor got what is not for it"};
    },
    what.what);
}

// -- commands -----------------------------------------------------------------

/// What is decided is written down before anybody is told.
void simulated_supervisor::carry_out(const run_logic::actions& actions) {
  note_recovery();
  note_hand_over();
  recorder_.record(logic_->saved({}));
  for (auto& action : actions)
    tell(action);
  world_->drains->look(*logic_);
}

void simulated_supervisor::note_recovery() {
  auto& report = *world_->report;
  if (logic_->generation() != noted_) {
    noted_ = logic_->generation();
    ++report.recoveries;
    report.interrupted += was_recovering_ ? 1 : 0;
    report.restored_at = std::max(report.restored_at, logic_->stable());
    plant_after_loss();
  }
  was_recovering_ = logic_->is_recovering();
}

void simulated_supervisor::note_hand_over() {
  if (logic_->phase() != run_logic::hand_over_phase::adopting
      || logic_->generation() == committed_)
    return;
  committed_ = logic_->generation();
  ++world_->report->handed_over;
}

void simulated_supervisor::tell(const run_logic::action& action) {
  if (back_ && !back_->returned.contains(action.node))
    return;
  node_command told{action.what, logic_->generation(), {}};
  switch (action.what) {
    case run_logic::command::deploy:
      told.content = logic_->plan();
      break;
    case run_logic::command::recover:
      told.content = logic_->current_recovery();
      break;
    case run_logic::command::resume:
      told.content = logic_->current_resumption();
      break;
    case run_logic::command::stable:
      told.content = run_epoch{logic_->plan().run, logic_->stable()};
      break;
    case run_logic::command::adopt:
      told.content = placement_change{logic_->plan(), logic_->generation()};
      break;
    case run_logic::command::start:
    case run_logic::command::stop_origins:
    case run_logic::command::stop:
      break;
  }
  send(action.node, std::move(told));
}

void simulated_supervisor::send(node_index to, message what) {
  world_->network->send({at_supervisor}, {to}, std::move(what));
}

void simulated_supervisor::on(node_index from, const command_answer& what) {
  if (!what.problem.empty()) {
    if (what.generation != logic_->generation())
      return;
    world_->drains->on_disturbance(*logic_);
    auto reason =
      "node " + logic_->plan().nodes[from].name + ": " + what.problem;
    return carry_out(logic_->may_abort() ? logic_->abort_hand_overs(reason)
                                         : logic_->on_failure(reason));
  }
  switch (what.what) {
    case run_logic::command::deploy:
      return carry_out(logic_->on_deployed(from));
    case run_logic::command::start:
      return carry_out(logic_->on_started(from));
    case run_logic::command::recover:
      if (world_->has(planted_bug::started_early))
        resume_early();
      return carry_out(logic_->on_recovered(from, what.generation));
    case run_logic::command::resume:
      carry_out(logic_->on_resumed(from, what.generation));
      naming_.on_loss();
      return;
    case run_logic::command::adopt:
      return carry_out(logic_->on_adopted(from, what.generation));
    case run_logic::command::stable:
    case run_logic::command::stop_origins:
    case run_logic::command::stop:
      return;
  }
}

/// Does not wait for the others that recover.
void simulated_supervisor::resume_early() {
  auto early = logic_->current_resumption();
  for (auto& lost : logic_->current_recovery().lost)
    early.restored.push_back(lost.place);
  for (auto node : logic_->alive())
    send(node,
         node_command{run_logic::command::resume, early.generation, early});
}

// -- events -------------------------------------------------------------------

void simulated_supervisor::on(node_index, const checkpoint_report& what) {
  auto report = what;
  naming_.on_backed_up(what.epoch, what.bytes);
  if (world_->has(planted_bug::reports_not_void)) {
    heard_.push_back(report);
    report.generation = logic_->generation_of(report.place);
  }
  auto before = logic_->stable();
  auto actions = logic_->on_checkpoint(report);
  if (logic_->stable() == before)
    return;
  carry_out(actions);
  naming_.on_stable(logic_->stable(), now());
}

/// Takes what was reported for what those report who are there now.
void simulated_supervisor::plant_after_loss() {
  if (!world_->has(planted_bug::reports_not_void))
    return;
  std::erase_if(heard_, [&](auto& x) { return x.epoch <= logic_->stable(); });
  for (auto report : heard_) {
    report.generation = logic_->generation_of(report.place);
    logic_->on_checkpoint(report);
  }
}

void simulated_supervisor::on(node_index, const partition_event& what) {
  partition_place place{what.id, what.partition};
  if (what.generation != logic_->generation_of(place))
    return;
  if (!what.failed)
    return carry_out(logic_->on_partition_done(place, what.generation));
  world_->drains->on_disturbance(*logic_);
  carry_out(
    logic_->on_partition_failed(place, what.failure, place_name(place)));
}

void simulated_supervisor::on(node_index, const node_lost& what) {
  if (back_) {
    // It may have said that it is back, and be heard later.
    back_->awaited.erase(what.node);
    back_->returned.erase(what.node);
    return;
  }
  world_->drains->on_disturbance(*logic_);
  carry_out(logic_->on_node_lost(
    what.node, "node " + logic_->plan().nodes[what.node].name + " is lost"));
}

/// The living node of that name; nothing if there is none.
std::optional<node_index>
simulated_supervisor::living_node(const std::string& name) const {
  auto& nodes = logic_->plan().nodes;
  for (auto node : logic_->alive())
    if (nodes[node].name == name)
      return node;
  return std::nullopt;
}

void simulated_supervisor::on(node_index, const link_report& what) {
  if (back_)
    return; // all channels will begin anew
  auto one = living_node(what.node);
  auto other = living_node(what.peer);
  if (!one || !other)
    return;
  world_->drains->on_disturbance(*logic_);
  if (!what.given_up)
    return carry_out(logic_->on_link_broken(*one, *other, what.reason));
  auto lost = logic_->whom_to_lose(*one, *other);
  tell({run_logic::command::stop, lost});
  carry_out(logic_->on_node_lost(lost, what.reason));
}

bool simulated_supervisor::on_joined(const node_address& node) {
  world_->drains->on_disturbance(*logic_);
  auto nodes = logic_->plan().nodes.size();
  carry_out(logic_->on_node_joined(node));
  return logic_->plan().nodes.size() > nodes;
}

// -- hand-overs ---------------------------------------------------------------

void simulated_supervisor::change(const scaling_plan& what) {
  carry_out(logic_->change(what));
  world_->drains->on_order(what, *logic_);
}

void simulated_supervisor::abort_hand_overs() {
  world_->drains->on_end(*logic_);
  carry_out(logic_->abort_hand_overs("somebody thought better of it"));
}

void simulated_supervisor::on(node_index, const hand_over_notice& what) {
  if (!back_)
    carry_out(what.epoch == 0
                ? logic_->on_caught_up(what.place, what.generation)
                : logic_->on_origins_stopped(what.generation,
                                             {{what.place, what.epoch}}));
}

// -- coming back --------------------------------------------------------------

void simulated_supervisor::on(node_index from, const node_returned& what) {
  if (!back_ || back_->awaited.erase(from) == 0)
    return;
  if (!what.has_a_part)
    back_->started = !logic_->is_first_start();
  if (what.has_a_part)
    back_->returned.insert(from);
  else
    back_->joined.push_back(logic_->plan().nodes[from]);
}

std::vector<node_address> simulated_supervisor::go_on() {
  auto back = std::move(*back_);
  back_.reset();
  carry_out(
    logic_->on_supervisor_back(back.returned, back.joined, back.started));
  return std::move(back.joined);
}

// -- checkpoints --------------------------------------------------------------

checkpoint_naming::time simulated_supervisor::now() const {
  return checkpoint_naming::time{std::chrono::microseconds{*world_->clock}};
}

bool simulated_supervisor::may_name() const {
  return logic_->state() == run_state::running && logic_->plan().checkpoints
         && !logic_->is_recovering() && !back_;
}

void simulated_supervisor::name(epoch_number epoch) {
  for (auto node : logic_->alive())
    send(node, naming{epoch});
}

void simulated_supervisor::name_checkpoint() {
  if (!may_name())
    return;
  auto newest = std::max(world_->newest(), logic_->stable());
  name(newest + 1 + world_->random->below(6));
}

void simulated_supervisor::on(node_index, const naming_refused& what) {
  ++world_->report->names_refused;
  naming_.on_refused(what.epoch);
}

void simulated_supervisor::on(node_index, const checkpoint_refusal& what) {
  naming_.on_not_kept(what.epoch, now());
}

void simulated_supervisor::on(node_index, const checkpoint_wish& what) {
  naming_.on_wish(what.epoch);
}

void simulated_supervisor::name_if_due() {
  // One that must have got lost is not on its way any more once that is due.
  if (!may_name() || !naming_.is_due(now()) || !naming_.is_owed())
    return;
  newest_name_ = naming_.name(world_->newest(), now());
  name(newest_name_);
}

/// Whoever waits for the end of the interval waits too long.
event_time simulated_supervisor::next_look() const {
  auto waits = naming_.is_owed() || naming_.named() != 0;
  if (!waits || !may_name())
    return end_of_time;
  auto due = naming_.due_at().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(due).count() + 1;
}

} // namespace braid::simulator
