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
      hand_over(what.from.node, *x, std::move(what.what));
    return;
  }
  if (auto* command = std::get_if<node_command>(&what.what))
    return obey(*command, what.supervisor_life);
  auto from = what.from.node;
  std::visit(
    [&](auto& each) {
      if constexpr (requires { this->on(from, each); })
        this->on(from, each);
      else
        throw simulation_failure{"a node got what is not for it"};
    },
    what.what);
}

/// On the data plane.
void simulated_node::hand_over(node_index from, simulated_instance& to,
                               message what) {
  auto is_void = [&](generation_number generation) {
    return from != own_
           && void_.is_void(world_->name_of(from), run, generation);
  };
  auto current = [&](edge_id edge, partition_index upstream,
                     generation_number sent) {
    if (!world_->has(planted_bug::generations_not_known)
        && !world_->has(planted_bug::unclosed_kept))
      return sent;
    auto renewed = to.channels.find({edge, upstream});
    return renewed == to.channels.end() ? to.incarnation : renewed->second;
  };
  if (auto* batch = std::get_if<batch_message>(&what)) {
    auto& origin = batch->from;
    if (is_void(origin.generation))
      return;
    origin.generation = current(origin.edge, origin.from, origin.generation);
    to.logic->on_batch(origin, std::move(batch->tuples));
  } else if (auto* close = std::get_if<close_notice>(&what)) {
    if (is_void(close->generation))
      return;
    close->generation = current(close->edge, close->from, close->generation);
    to.logic->on_close(*close);
  } else if (auto* held = std::get_if<cuts_held>(&what)) {
    to.logic->on_cuts_held(held->epoch);
  } else {
    auto& credit = std::get<credit_notice>(what);
    if (is_void(credit.generation))
      return;
    to.logic->on_credit(credit);
  }
  world_->schedule->make_ready(to);
}

// -- backups ------------------------------------------------------------------

void simulated_node::on(node_index from, partition_backup& what) {
  // From here it is one of who is about to leave.
  if (from != own_ && find(what.place, what.incarnation))
    throw simulation_failure{
      "node " + std::to_string(own_)
      + " was sent a backup of a partition that it runs"};
  if (!plan_)
    return;
  auto refuse_odds = world_->options->refuse_odds;
  if (refuse_odds != 0 && world_->random->below(refuse_odds) == 0)
    return send(from, backup_receipt{run, what.place, what.incarnation,
                                     what.checkpoint.epoch, what.part,
                                     put_result::over_limit});
  auto epoch = what.checkpoint.epoch;
  if (world_->has(planted_bug::changes_not_folded))
    for (auto& [slice, base] : what.checkpoint.bases)
      if (auto& changes = what.checkpoint.slices.at(slice); slice % 2 == 0)
        changes = {};
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
      && what.result != put_result::base_missing
      && what.result != put_result::over_limit)
    throw simulation_failure{outcome.refused};
  if (!outcome.refused.empty() && what.result != put_result::fenced)
    tell_supervisor(checkpoint_refusal{run, what.epoch, outcome.refused});
  send_parts(*x);
  if (outcome.completed)
    report_backed_up(*x, *outcome.completed);
}

void simulated_node::on(node_index from, source_cuts& what) {
  if (plan_)
    send(from, held_.put(std::move(what)));
}

void simulated_node::on(node_index from, const cuts_receipt& what) {
  if (auto* x = find(what.place, what.incarnation))
    note_held(*x, x->cuts.on_receipt(from, what));
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

void simulated_node::on(node_index from, recovered_part& what) {
  // Parts before it may be lost.
  if (from != own_
      && void_.is_void(world_->name_of(from), run, what.incarnation))
    return;
  // Of a recovery that is over.
  if (plan_ && what.incarnation < generation_)
    return;
  if (!plan_ || what.incarnation > generation_)
    return early_.push_back(std::move(what));
  if (!recovering_)
    return;
  recovering_->on_part(std::move(what));
  restore_if_complete();
}

} // namespace braid::simulator
