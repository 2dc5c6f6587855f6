// How nodes and partitions are lost in the simulator, and when they may be.
#include "tests/simulator/simulated_supervisor.hpp"
#include "tests/simulator/simulator.hpp"

#include <algorithm>
#include <array>

namespace braid::simulator {

void simulation::disturb() {
  // Once something is lost, the rest of what may be comes soon, and so in the
  // middle of recoveries.
  auto odds = losses_ > 0 ? std::min<std::uint32_t>(options_.crash_odds, 100)
                          : options_.crash_odds;
  if (report_.crashes < options_.most_crashes && random_.below(odds) == 0)
    crash_some();
  if (options_.supervisor_crash_odds > 0
      && report_.supervisor_crashes < options_.most_crashes
      && random_.below(options_.supervisor_crash_odds) == 0)
    restart_supervisor();
  for (node_index node = 0; node < nodes_.size(); ++node) {
    auto noticed = !supervisor_->alive().contains(node);
    if (!noticed || random_.below(500) != 0)
      continue;
    if (!nodes_[node])
      bring_back(node);
    else
      crash_node(node); // a zombie's end
  }
}

void simulation::crash_some() {
  if (losses_ > 0 && is_replicated())
    losses_ = 0;
  // A partition whose code throws needs a copy, too.
  auto kept = options_.max_attempts == 0 ? 0u : 1u;
  if (options_.replicas <= losses_ + kept && !options_.lose_all_copies)
    return;
  auto most = options_.lose_all_copies ? options_.nodes - 1
                                       : options_.replicas - losses_ - kept;
  if (random_.below(4) == 0)
    return crash_partitions();
  for (auto many = 1 + random_.below(most); many > 0; --many) {
    auto node = static_cast<node_index>(random_.below(nodes_.size()));
    if (!is_there(node) || count_there() == 1)
      continue;
    ++losses_;
    ++report_.crashes;
    if (random_.below(3) == 0)
      give_up(node);
    else
      crash_node(node);
  }
}

/// Neither lost nor given up, as far as anybody could know.
bool simulation::is_there(node_index node) const {
  return nodes_[node] && supervisor_->alive().contains(node)
         && !zombies_.contains(node);
}

std::size_t simulation::count_there() const {
  std::size_t result = 0;
  for (node_index node = 0; node < nodes_.size(); ++node)
    result += is_there(node) ? 1 : 0;
  return result;
}

/// One to three of those on a node.
void simulation::crash_partitions() {
  auto* first = random_instance();
  if (!first || !is_there(first->node))
    return;
  ++losses_;
  ++report_.crashes;
  auto& node = *nodes_[first->node];
  node.fail(world_->number_of(first->place));
  for (auto many = random_.below(3); many > 0 && !node.hosted().empty(); --many)
    node.fail(node.hosted().begin()->first);
}

void simulation::crash_node(node_index node) {
  nodes_[node].reset();
  network_->begin_life(node);
  // A zombie is given up already.
  if (zombies_.erase(node) == 0)
    network_->send({world_->supervisor(), node}, {world_->supervisor()},
                   node_lost{node});
}

/// What it had heard, and what was under way to it, is lost. What it had said
/// may still arrive.
void simulation::restart_supervisor() {
  if (losses_ > 0 && is_replicated())
    losses_ = 0;
  if (losses_ >= options_.replicas)
    return;
  ++losses_;
  ++report_.supervisor_crashes;
  auto written = supervisor_->written();
  network_->begin_life(world_->supervisor());
  supervisor_ = std::make_unique<simulated_supervisor>(*world_, written);
  auto life = network_->life_of(world_->supervisor());
  std::set<node_index> gone;
  std::set<partition_place> missing;
  for (auto node : written.alive) {
    // Of one that waits for its welcome nobody else knows.
    if (nodes_[node] && nodes_[node]->alive().empty()) {
      nodes_[node].reset();
      network_->begin_life(node);
    }
    if (nodes_[node] && !zombies_.contains(node))
      nodes_[node]->follow(life);
    else
      gone.insert(node);
  }
  for (operator_id id = 0; id < written.owners.size(); ++id)
    for (partition_index i = 0; i < written.owners[id].partitions(); ++i) {
      auto host = written.owners[id].nodes[i];
      if (!gone.contains(host) && written.alive.contains(host)
          && !nodes_[host]->find(world_->number_of({id, i})))
        missing.insert({id, i});
    }
  supervisor_->on_back(gone, missing);
}

/// It lives on, but the others are told that it does not.
void simulation::give_up(node_index node) {
  ++report_.zombies;
  zombies_.insert(node);
  network_->isolate(node);
  network_->send({world_->supervisor(), node}, {world_->supervisor()},
                 node_lost{node});
}

void simulation::bring_back(node_index node) {
  network_->begin_life(node);
  nodes_[node] = std::make_unique<simulated_node>(
    *world_, node, supervisor_->owners(), std::set<node_index>{});
  supervisor_->on_joined(node);
}

/// Whether `replicas` nodes may be lost, whichever they are.
bool simulation::is_replicated() const {
  if (supervisor_->is_recovering() || !zombies_.empty()
      || supervisor_->alive().size() <= options_.replicas)
    return false;
  for (node_index node = 0; node < nodes_.size(); ++node) {
    auto known = supervisor_->alive().contains(node);
    if (known != (nodes_[node] != nullptr))
      return false;
    if (known
        && (nodes_[node]->alive() != supervisor_->alive()
            || nodes_[node]->generation() != supervisor_->generation()
            || !nodes_[node]->cuts_are_held()))
      return false;
  }
  // Copies of what is stable, and of all that may become so.
  auto stable = supervisor_->stable();
  if (world_->moved_at && stable <= *world_->moved_at
      && stable < world_->newest_checkpoint)
    return false;
  return copies_are_held();
}

/// Of every slice at the stable epoch, on enough nodes beside its own.
bool simulation::copies_are_held() const {
  auto stable = supervisor_->stable();
  auto& owners = supervisor_->owners();
  for (operator_id id = 0; id < owners.size(); ++id)
    for (partition_index i = 0; i < owners[id].partitions(); ++i) {
      partition_place place{id, i};
      auto host = owners[id].nodes[i];
      if (!nodes_[host] || !nodes_[host]->find(world_->number_of(place)))
        return false;
      if (stable == 0)
        continue;
      auto wanted = lost_one(owners, place, supervisor_->incarnation(place));
      std::map<slice_id, std::uint32_t> copies;
      std::uint32_t partitions = 0;
      for (auto node : supervisor_->alive()) {
        if (node == host)
          continue;
        for (auto& part :
             nodes_[node]->held().parts_of(1, wanted, stable).parts) {
          partitions += part.has_partition ? 1 : 0;
          for (auto& [slice, content] : part.checkpoint.slices)
            ++copies[slice];
        }
      }
      if (partitions < options_.replicas)
        return false;
      for (auto slice : wanted.slices)
        if (copies[slice] < options_.replicas)
          return false;
    }
  return true;
}

/// Nothing up to the stable epoch can be sent again, by those who have heard of
/// it.
void simulation::check_trimmed() const {
  for (node_index node = 0; node < nodes_.size(); ++node)
    if (nodes_[node] && !zombies_.contains(node))
      for (auto& [number, x] : nodes_[node]->hosted())
        check_trimmed(*nodes_[node], *x);
}

void simulation::check_trimmed(const simulated_node& node,
                               simulated_instance& x) const {
  auto stable = node.stable();
  auto check = [&](epoch_number epoch) {
    if (epoch <= stable)
      throw simulation_failure{x.name + " still has epoch "
                               + std::to_string(epoch) + ", though "
                               + std::to_string(stable) + " is stable"};
  };
  world_->probe = [&](const message& sent) {
    if (auto* batch = std::get_if<batch_message>(&sent))
      check(batch->from.epoch);
    else if (auto* close = std::get_if<close_notice>(&sent))
      check(close->first);
  };
  // As if everybody downstream were restored further back than they can be.
  credit_notice credit;
  credit.to = x.place.index;
  credit.generation = ~generation_number{0};
  credit.finished = stable - std::min(stable, settings_.flow.in_flight);
  for (auto& edge : graph_->outputs_of(x.place.id))
    for (partition_index i = 0; i < supervisor_->owners()[edge.to].partitions();
         ++i) {
      credit.edge = edge.id;
      credit.from = i;
      x.logic->on_credit(credit);
    }
  world_->probe = nullptr;
}

} // namespace braid::simulator
