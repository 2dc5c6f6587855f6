// What nodes of the simulator do when the supervisor tells them to, as
// `local_runs` and `backup_holder` do.
#include "tests/simulator/simulated_node.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulator {

namespace {

bool is_among(const std::vector<partition_place>& places,
              const partition_place& place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

} // namespace

void simulated_node::obey(const node_command& what, std::uint64_t life) {
  if (life < led_by_ && !world_->has(planted_bug::supervisor_not_fenced)) {
    ++world_->report->fenced_commands;
    return;
  }
  switch (what.what) {
    case run_logic::command::deploy:
      deploy(std::get<deployment>(what.content));
      break;
    case run_logic::command::start:
      start();
      break;
    case run_logic::command::recover:
      return recover(std::get<recovery>(what.content), life);
    case run_logic::command::resume:
      resume(std::get<resumption>(what.content));
      break;
    case run_logic::command::stable:
      return on_stable(std::get<run_epoch>(what.content).epoch);
    case run_logic::command::stop_origins:
      return stop_origins(what.generation);
    case run_logic::command::adopt:
      adopt(std::get<placement_change>(what.content));
      break;
    case run_logic::command::stop:
      return stop();
  }
  answer(what.what, what.generation, life);
}

/// Whoever asked may not be there any more.
void simulated_node::answer(run_logic::command what,
                            generation_number generation,
                            std::uint64_t asked_by, std::string problem) {
  if (asked_by == world_->network->supervisor_life())
    world_->network->send({own_}, {at_supervisor},
                          command_answer{what, generation, std::move(problem)});
}

void simulated_node::on(node_index, const supervisor_back&) {
  follow();
}

/// The supervisor is told what nobody may remember.
void simulated_node::follow() {
  if (follows())
    return;
  led_by_ = world_->network->supervisor_life();
  tell_supervisor(node_returned{plan_.has_value()});
  for (auto& [number, told] : told_.all()) {
    for (auto& report : told.checkpoints)
      send(at_supervisor, report);
    for (auto& [place, event] : told.events)
      send(at_supervisor, event);
    for (auto& report : told.broken)
      send(at_supervisor, report);
  }
  told_.forget_broken();
}

void simulated_node::on_link_down(node_index peer, bool given_up) {
  if (!plan_)
    return;
  auto& name = world_->name_of(peer);
  void_.on_down(name);
  tell_supervisor(
    link_report{plan_->run, name_, name, "the link broke", given_up});
}

void simulated_node::deploy(const deployment& plan) {
  if (plan_)
    return;
  plan_ = plan;
  void_.on_generation(plan.run, 0);
  for (node_index node = 0; node < plan.nodes.size(); ++node)
    alive_.insert(node);
  for (operator_id id = 0; id < plan.owners.size(); ++id)
    for (partition_index i = 0; i < plan.owners[id].partitions(); ++i)
      if (plan.owners[id].nodes[i] == own_)
        make({id, i}, {}, nullptr);
  route();
}

void simulated_node::start() {
  for (auto& [number, x] : hosted_) {
    x->started = true;
    world_->schedule->make_ready(*x);
  }
}

/// The run goes on without this node.
void simulated_node::stop() {
  for (auto& [number, x] : hosted_)
    world_->schedule->remove(*x);
  hosted_.clear();
  recovering_.reset();
  asked_by_.reset();
  if (plan_)
    held_.drop_run(plan_->run);
  plan_.reset();
}

void simulated_node::on_stable(epoch_number epoch) {
  told_.on_stable({plan_->run, epoch});
  held_.stable(plan_->run, epoch);
  for (auto n = world_->random->below(4); n > 0; --n)
    held_.fold_next();
  stable_ = std::max(stable_, epoch);
  for (auto& [number, x] : hosted_) {
    if (world_->has(planted_bug::never_trimmed))
      continue;
    x->logic->on_stable(epoch
                        + (world_->has(planted_bug::trimmed_too_far) ? 1 : 0));
    note_held(*x, x->cuts.stable(epoch));
    x->checkpoints.forget(epoch);
    auto later = x->busy_at.upper_bound(epoch);
    if (later != x->busy_at.begin())
      x->busy_when_stable = std::prev(later)->second;
    x->busy_at.erase(x->busy_at.begin(), later);
    world_->schedule->make_ready(*x);
  }
}

// -- recovery -----------------------------------------------------------------

void simulated_node::recover(const recovery& what, std::uint64_t asked_by) {
  auto opened = !plan_.has_value();
  if (opened)
    plan_ = what.plan;
  // Generations alone would keep off most of what an earlier life decided.
  auto obeys_all = world_->has(planted_bug::supervisor_not_fenced);
  if (what.generation < generation_ && !obeys_all)
    return;
  for (auto node : what.alive)
    if (opened || node >= plan_->nodes.size())
      joining_.insert(node);
  asked_by_ = asked_by;
  if (what.generation == generation_)
    return restore_if_complete(); // asked once more
  generation_ = what.generation;
  void_.on_generation(what.plan.run, generation_);
  auto begins = what.plan.checkpoints && !plan_->checkpoints;
  plan_ = what.plan;
  alive_ = {what.alive.begin(), what.alive.end()};
  drop_gone();
  if (begins)
    for (auto& [number, x] : hosted_)
      x->logic->take_checkpoints(checkpoints_of(x->place));
  held_.forget_shadows(plan_->run);
  for (auto& lost : what.lost) {
    drop(world_->number_of(lost.place));
    fence(lost, what.stable);
  }
  // The notice may have been lost with an earlier life of the supervisor.
  on_stable(what.stable);
  recovering_ = std::make_unique<local_recovery>(what, name_);
  for (auto& lost : what.lost) {
    auto host = plan_->owners[lost.place.id].nodes[lost.place.index];
    for (auto& part : held_.parts_of(plan_->run, lost, what.stable).parts)
      send(host, std::move(part));
  }
  for (auto& part : std::exchange(early_, {}))
    on(own_, part);
  restore_if_complete();
}

void simulated_node::fence(const lost_partition& lost, epoch_number stable) {
  if (!world_->has(planted_bug::holders_not_fenced))
    held_.fence(plan_->run, lost, stable);
}

/// Answers once everything that was to be restored here is there.
void simulated_node::restore_if_complete() {
  std::string problem;
  if (recovering_) {
    problem = recovering_->problem();
    if (problem.empty() && !recovering_->is_complete())
      return;
    if (problem.empty()) {
      for (auto& found : recovering_->take())
        restore(found);
      auto& moved = world_->moved_at;
      moved = std::max(moved.value_or(0), world_->newest_checkpoint);
      route();
      recovering_.reset();
    }
  }
  if (asked_by_)
    answer(run_logic::command::recover, generation_,
           *std::exchange(asked_by_, std::nullopt), problem);
}

/// Makes the new instance of a partition. It does nothing yet.
void simulated_node::restore(local_recovery::restored_partition& found) {
  auto& place = found.place;
  auto& source = world_->graph->operators()[place.id].name;
  auto forgotten = world_->has(planted_bug::cuts_forgotten);
  std::shared_ptr<recorded_cuts> known;
  if (!found.cuts.empty() && !forgotten) {
    known = std::make_shared<recorded_cuts>();
    for (auto& [epoch, cuts] : found.cuts)
      known->add(source, epoch, cuts);
  }
  auto& what = recovering_->what();
  auto* checkpoint = found.checkpoint ? &*found.checkpoint : nullptr;
  // Partitions here do not know yet who there is now.
  backup_holders holders{
    own_,
    upstream_nodes(*world_->graph, plan_->owners, place.id, place.index),
    {alive_.begin(), alive_.end()},
    world_->options->replicas};
  auto kept = holders.that_hold(found.held_by, place.id, [&](auto node) {
    return plan_->nodes[node].name;
  });
  restoring from{generation_, checkpoint};
  from.skipped = skipped_by(place.id, what.skipped);
  from.shadow = plan_->is_shadow(place);
  from.held = slices_of(kept);
  auto& x = make(place, from, std::move(known));
  x.checkpoints.begin_with(std::move(kept));
  x.ended = checkpoint && checkpoint->ended;
  x.cuts.stable(what.stable);
  if (forgotten)
    return;
  for (auto& [epoch, cuts] : found.cuts) {
    send_cuts(x.cuts.begin({epoch, epoch, cuts}));
    note_told(x, {epoch, epoch, cuts});
    x.known_cuts = epoch;
  }
}

// -- hand-overs ---------------------------------------------------------------

/// Whoever handed its slices over, and successors that are not wanted any more.
void simulated_node::drop_gone() {
  std::vector<std::size_t> gone;
  for (auto& [number, x] : hosted_)
    if (!plan_->keeps(x->place))
      gone.push_back(number);
  for (auto number : gone)
    drop(number);
}

void simulated_node::adopt(const placement_change& what) {
  if (!plan_ || what.generation != generation_)
    return;
  plan_ = what.plan;
  drop_gone();
  route();
}

void simulated_node::stop_origins(generation_number generation) {
  if (!plan_ || generation != generation_)
    return;
  for (auto& what : plan_->hand_overs)
    for (auto& [number, x] : hosted_)
      if (what.is_origin(x->place)) {
        auto epoch = x->logic->stop_for_successors();
        tell_supervisor(
          hand_over_notice{plan_->run, x->place, generation, epoch});
        world_->schedule->make_ready(*x);
      }
}

// -- going on -----------------------------------------------------------------

void simulated_node::resume(const resumption& what) {
  if (!plan_)
    throw simulation_failure{"a node without a part of the run was resumed"};
  generation_ = std::max(generation_, what.generation);
  void_.on_generation(plan_->run, generation_);
  std::set<node_index> reconnected;
  for (auto& [one, other] : what.reconnected) {
    if (one == own_)
      reconnected.insert(other);
    if (other == own_)
      reconnected.insert(one);
  }
  auto joined = std::exchange(joining_, {});
  joined.erase(own_);
  for (auto& [number, x] : hosted_) {
    auto is_meant = x->incarnation <= what.generation
                    || world_->has(planted_bug::supervisor_not_fenced);
    // Shadows are restored, too, but their channels do not begin anew.
    auto is_restored = x->incarnation == what.generation;
    if (is_meant && (is_restored || is_among(what.restored, x->place))) {
      x->started = true;
      x->logic->ask_for_replay();
      // Others hold no copy of its end.
      if (x->ended && world_->settings->checkpoints.taken)
        back_up(*x, x->logic->checkpoint());
      world_->schedule->make_ready(*x);
    } else if (what.starts) {
      x->started = true;
      world_->schedule->make_ready(*x);
    }
    reconnect(*x, joined);
    if (x->incarnation != what.generation)
      reconnect(*x, reconnected);
  }
  renew_channels(what, reconnected);
}

/// What was under way to these nodes may be lost.
void simulated_node::reconnect(simulated_instance& x,
                               const std::set<node_index>& nodes) {
  for (auto node : nodes) {
    send_cuts(x.cuts.unconfirmed(node));
    x.checkpoints.on_reconnected(node);
    send_parts(x);
  }
}

void simulated_node::renew_channels(const resumption& what,
                                    const std::set<node_index>& reconnected) {
  for (auto& edge : world_->graph->edges()) {
    auto& upstream = plan_->owners[edge.from].nodes;
    for (partition_index from = 0; from < upstream.size(); ++from) {
      if (!is_among(what.restored, {edge.from, from})
          && !reconnected.contains(upstream[from]))
        continue;
      for (auto& [number, x] : hosted_)
        if (x->place.id == edge.to && x->incarnation != what.generation)
          renew(*x, edge.id, from, what.generation);
    }
  }
}

void simulated_node::renew(simulated_instance& x, edge_id edge,
                           partition_index from, generation_number generation) {
  if (!world_->has(planted_bug::unclosed_kept)) {
    x.channels[{edge, from}] = generation;
    x.logic->renew_channel(edge, from, generation);
    world_->schedule->make_ready(x);
    return;
  }
  // Takes what comes again without forgetting anything.
  if (generation <= x.incarnation)
    return;
  credit_notice credit;
  credit.edge = edge;
  credit.from = x.place.index;
  credit.to = from;
  credit.generation = generation;
  credit.finished = x.logic->load().epoch;
  x.hidden[{edge, from}] = generation;
  x.out->send_credit(credit);
}

} // namespace braid::simulator
