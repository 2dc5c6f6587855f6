// What nodes of the simulator do when messages come.
#include "tests/simulator/simulated_node.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulator {

namespace {

constexpr run_id run = 1;

} // namespace

void simulated_node::receive(simulated_network::delivery what) {
  if (what.to.partition != endpoint::node_itself) {
    // Whoever it was for may be gone.
    if (auto* x = find(what.to.partition))
      hand_over(*x, std::move(what.what));
    return;
  }
  auto from = what.from.node;
  if (from == world_->supervisor()) {
    if (what.from_life < led_by_
        && !world_->has(planted_bug::supervisor_not_fenced)) {
      ++world_->report->fenced_commands;
      return;
    }
    led_by_ = std::max(led_by_, what.from_life);
  }
  std::visit(
    [&](auto& each) {
      if constexpr (requires { this->on(from, each); })
        this->on(from, each);
      else
        throw simulation_failure{"a node got what is not for it"};
    },
    what.what);
}

void simulated_node::follow(std::uint64_t supervisor_life) {
  led_by_ = supervisor_life;
  for (auto& report : told_)
    send(world_->supervisor(), report);
}

/// On the data plane.
void simulated_node::hand_over(simulated_instance& to, message what) {
  auto current = [&](edge_id edge, partition_index from,
                     generation_number sent) {
    if (!world_->has(planted_bug::generations_not_known)
        && !world_->has(planted_bug::unclosed_kept))
      return sent;
    auto renewed = to.channels.find({edge, from});
    return renewed == to.channels.end() ? to.incarnation : renewed->second;
  };
  if (auto* batch = std::get_if<batch_message>(&what)) {
    auto& from = batch->from;
    from.generation = current(from.edge, from.from, from.generation);
    to.logic->on_batch(from, std::move(batch->tuples));
  } else if (auto* close = std::get_if<close_notice>(&what)) {
    close->generation = current(close->edge, close->from, close->generation);
    to.logic->on_close(*close);
  } else {
    to.logic->on_credit(std::get<credit_notice>(what));
  }
  world_->schedule->make_ready(to);
}

// -- backups ------------------------------------------------------------------

void simulated_node::on(node_index from, partition_backup& what) {
  if (find(what.place, what.incarnation))
    throw simulation_failure{
      "node " + std::to_string(own_)
      + " was sent a backup of a partition that it runs"};
  auto epoch = what.checkpoint.epoch;
  auto receipt = held_.put(std::move(what));
  if (world_->has(planted_bug::copies_dropped_early))
    held_.stable(run, epoch);
  send(from, receipt);
}

void simulated_node::on(node_index from, const backup_receipt& what) {
  auto* x = find(what.place, what.incarnation);
  if (!x)
    return;
  auto outcome = x->checkpoints.on_receipt(from, what);
  // A node that is back with nothing may have been asked before others knew.
  if (!outcome.refused.empty() && what.result != put_result::fenced
      && what.result != put_result::base_missing)
    throw simulation_failure{outcome.refused};
  send_parts(*x);
  if (outcome.completed)
    tell_supervisor(checkpoint_report{x->place, x->incarnation,
                                      outcome.completed->epoch,
                                      outcome.completed->ended});
}

void simulated_node::on(node_index from, source_cuts& what) {
  send(from, held_.put(std::move(what)));
}

void simulated_node::on(node_index from, const cuts_receipt& what) {
  if (auto* x = find(what.place, what.incarnation))
    note_held(*x, x->cuts.on_receipt(from, what));
}

void simulated_node::on(node_index, const stable_notice& what) {
  std::erase_if(told_,
                [&](auto& x) { return x.epoch <= what.epoch && !x.ended; });
  held_.stable(run, what.epoch);
  for (auto n = world_->random->below(4); n > 0; --n)
    held_.fold_next();
  stable_ = what.epoch;
  for (auto& [number, x] : hosted_) {
    if (world_->has(planted_bug::never_trimmed))
      continue;
    x->logic->on_stable(what.epoch
                        + (world_->has(planted_bug::trimmed_too_far) ? 1 : 0));
    x->cuts.stable(what.epoch);
    x->checkpoints.forget(what.epoch);
    auto later = x->busy_at.upper_bound(what.epoch);
    if (later != x->busy_at.begin())
      x->busy_when_stable = std::prev(later)->second;
    x->busy_at.erase(x->busy_at.begin(), later);
    world_->schedule->make_ready(*x);
  }
}

void simulated_node::on(node_index, const replay_room&) {
  for (auto& [number, x] : hosted_) {
    x->logic->on_replay_room();
    world_->schedule->make_ready(*x);
  }
}

void simulated_node::on(node_index, const naming& what) {
  auto closed = epoch_number{0};
  for (auto& [number, x] : hosted_) {
    if (!x->logic->name_checkpoint(what.epoch))
      closed = std::max<epoch_number>(closed, x->logic->load().epoch);
    world_->schedule->make_ready(*x);
  }
  if (closed > 0)
    tell_supervisor(naming_refused{what.epoch, closed});
}

// -- recovery -----------------------------------------------------------------

void simulated_node::on(node_index, const node_joined& what) {
  alive_ = what.alive;
  move_backups();
}

void simulated_node::on(node_index, const welcome& what) {
  generation_ = answered_ = what.generation;
  alive_ = what.alive;
  owners_ = what.owners;
  stable_ = what.stable;
  held_.stable(run, what.stable);
  for (auto& lost : what.fences)
    fence(lost, what.stable);
}

void simulated_node::fence(const lost_partition& lost, epoch_number stable) {
  if (!world_->has(planted_bug::holders_not_fenced))
    held_.fence(run, lost, stable);
}

void simulated_node::on(node_index, const recovery_order& what) {
  generation_ = what.generation;
  alive_ = what.alive;
  skipped_ = what.skipped;
  collectors_.clear();
  std::set<std::string> names;
  for (auto node : alive_)
    names.insert(node_name(node));
  for (auto& each : what.replacements) {
    auto& place = each.lost.place;
    auto number = world_->number_of(place);
    owners_[place.id].nodes[place.index] = each.host;
    drop(number);
    fence(each.lost, what.stable);
    if (each.host == own_)
      collectors_.emplace(
        number, recovery_collector{run, each.lost, what.stable, names});
  }
  for (auto& each : what.replacements)
    for (auto& part : held_.parts_of(run, each.lost, what.stable).parts)
      send(each.host, std::move(part));
  move_backups();
  for (auto& part : std::exchange(early_, {}))
    on(own_, part);
  answer_if_restored();
}

void simulated_node::on(node_index, recovered_part& what) {
  if (what.incarnation > generation_)
    return early_.push_back(std::move(what));
  auto number = world_->number_of(what.place);
  auto found = collectors_.find(number);
  if (found == collectors_.end())
    return;
  found->second.on_part(std::move(what));
  switch (found->second.current()) {
    case recovery_collector::state::waiting:
      return;
    case recovery_collector::state::failed:
      throw simulation_failure{found->second.problem()};
    case recovery_collector::state::complete:
      break;
  }
  auto collected = std::move(found->second);
  collectors_.erase(found);
  restore(number, collected);
  answer_if_restored();
}

/// Makes the new instance of a partition. It does nothing yet.
void simulated_node::restore(std::size_t partition, recovery_collector& from) {
  auto next = std::upper_bound(world_->first_partition.begin(),
                               world_->first_partition.end(), partition);
  auto id =
    static_cast<operator_id>(next - world_->first_partition.begin() - 1);
  partition_place place{
    id, static_cast<partition_index>(partition - world_->first_partition[id])};
  auto checkpoint = from.take_checkpoint();
  auto& source = world_->graph->operators()[id].name;
  auto known = std::make_shared<recorded_cuts>();
  if (!world_->has(planted_bug::cuts_forgotten))
    for (auto& [epoch, cuts] : from.cuts())
      known->add(source, epoch, cuts);
  auto& x = make(place,
                 {generation_, checkpoint ? &*checkpoint : nullptr, false,
                  skipped_by(id, skipped_)},
                 std::move(known));
  x.cuts.stable(checkpoint ? checkpoint->epoch : 0);
  if (!world_->has(planted_bug::cuts_forgotten))
    for (auto& [epoch, cuts] : from.cuts()) {
      keep_cuts(x, {epoch, epoch, cuts});
      x.known_cuts = epoch;
    }
  if (checkpoint && checkpoint->ended) {
    x.done = true;
    back_up(x, std::move(*checkpoint));
  }
}

void simulated_node::answer_if_restored() {
  if (!collectors_.empty() || answered_ == generation_)
    return;
  answered_ = generation_;
  tell_supervisor(recovery_answer{generation_});
}

void simulated_node::on(node_index, const start_order& what) {
  for (auto& place : what.restored)
    for (auto& edge : world_->graph->outputs_of(place.id))
      for (partition_index i = 0; i < owners_[edge.to].partitions(); ++i)
        if (auto* x = find(world_->number_of({edge.to, i})))
          renew(*x, edge.id, place.index, what.generation);
  for (auto& place : what.restored)
    if (auto* x = find(place, what.generation)) {
      x->logic->ask_for_replay();
      world_->schedule->make_ready(*x);
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
