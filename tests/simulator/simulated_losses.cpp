// How nodes and partitions are lost in the simulator, and when they may be.
#include "tests/simulator/simulated_supervisor.hpp"
#include "tests/simulator/simulator.hpp"

#include <algorithm>
#include <array>

namespace braid::simulator {

void simulation::disturb() {
  auto disturbances = [this] {
    return report_.crashes + report_.cuts + report_.supervisor_crashes;
  };
  auto before = disturbances();
  auto amid = supervisor_->logic().phase() != run_logic::hand_over_phase::none;
  disturb_nodes();
  disturb_supervisor();
  report_.amid += amid ? disturbances() - before : 0;
  note_stopped();
  if (options_.hand_over_odds != 0)
    hand_over_some();
  // Nothing can be lost before others join.
  auto odds = supervisor_->logic().plan().checkpoints ? 200u : 20u;
  if (random_.below(odds) != 0)
    return;
  // Something is as it was again.
  auto down = names_down();
  auto choice = random_.below(down.size() + zombies_.size() + cuts_.size()
                              + paused_.size() + 1);
  auto next = [&choice](std::size_t count) {
    auto chosen = choice < count;
    choice -= chosen ? 0 : count;
    return chosen;
  };
  if (next(down.size()))
    bring_back(down[choice]);
  else if (next(zombies_.size()))
    end_zombie(choice);
  else if (next(cuts_.size()))
    mend(choice);
  else if (next(paused_.size()))
    paused_.erase(
      std::next(paused_.begin(), static_cast<std::ptrdiff_t>(choice)));
}

void simulation::disturb_nodes() {
  // Once something is lost, the rest of what may be comes soon, and so in the
  // middle of recoveries.
  auto odds = losses_ > 0 ? std::min<std::uint32_t>(options_.crash_odds, 100)
                          : options_.crash_odds;
  if (report_.crashes < options_.most_crashes && random_.below(odds) == 0)
    crash_some();
  if (options_.cut_odds != 0 && report_.cuts < options_.most_crashes
      && random_.below(options_.cut_odds) == 0)
    cut_some();
  if (options_.pause_odds != 0 && report_.pauses < options_.most_crashes
      && random_.below(options_.pause_odds) == 0)
    pause_some();
}

void simulation::disturb_supervisor() {
  // Most of what it has to say, it says in recoveries.
  auto odds = supervisor_->logic().is_recovering()
                ? options_.supervisor_crash_odds / 20
                : options_.supervisor_crash_odds;
  if (odds > 0 && report_.supervisor_crashes < options_.most_crashes
      && random_.below(odds) == 0)
    restart_supervisor();
  if (supervisor_->is_coming_back() && random_.below(100) == 0)
    lead_on();
}

/// Somebody wants it otherwise, or what is under way comes to nothing.
void simulation::hand_over_some() {
  auto& logic = supervisor_->logic();
  if (supervisor_->is_coming_back())
    return;
  if (logic.may_abort() && random_.below(options_.abort_odds) == 0) {
    ++report_.taken_back;
    return supervisor_->abort_hand_overs();
  }
  constexpr std::uint32_t most = 30;
  if (report_.hand_overs == most || random_.below(options_.hand_over_odds) != 0
      || !takes_orders(logic))
    return;
  auto wanted = random_change(*graph_, logic, random_);
  report_.hand_overs += wanted.moves_nothing() ? 0 : 1;
  supervisor_->change(wanted);
}

/// Without that anything is lost for good.
bool simulation::may_lose_another() {
  if (losses_ > 0 && is_replicated())
    losses_ = 0;
  // A partition whose code throws needs a copy, too.
  auto kept = options_.max_attempts == 0 ? 0u : 1u;
  return losses_ + kept < options_.replicas && count_there() > 1;
}

void simulation::cut_some() {
  auto one = static_cast<node_index>(random_.below(nodes_.size()));
  auto other = static_cast<node_index>(random_.below(nodes_.size()));
  auto known = [&](const cut_connection& x) {
    return std::minmax(x.one, x.other) == std::minmax(one, other);
  };
  if (one == other || !is_there(one) || !is_there(other)
      || std::any_of(cuts_.begin(), cuts_.end(), known))
    return;
  auto lasts = random_.below(4) == 0 && may_lose_another();
  losses_ += lasts ? 1 : 0;
  ++report_.cuts;
  report_.lasting_cuts += lasts ? 1 : 0;
  network_->cut(one, other);
  cuts_.push_back({one, other, lasts});
}

/// Both ends notice, or one says that it is for good. Returns whether anybody
/// has heard of it.
bool simulation::mend(std::size_t number) {
  auto [one, other, lasts] = cuts_[number];
  auto stands = is_there(one) && is_there(other);
  if (!lasts || !stands)
    cuts_.erase(cuts_.begin() + static_cast<std::ptrdiff_t>(number));
  if (lasts && stands)
    nodes_[one]->on_link_down(other, true);
  if (lasts)
    return stands;
  network_->mend(one, other);
  if (nodes_[one])
    nodes_[one]->on_link_down(other, false);
  if (nodes_[other])
    nodes_[other]->on_link_down(one, false);
  return nodes_[one] || nodes_[other];
}

void simulation::pause_some() {
  auto node = static_cast<node_index>(random_.below(nodes_.size()));
  if (!is_there(node) || paused_.contains(node))
    return;
  ++report_.pauses;
  paused_.insert(node);
  if (random_.below(2) == 0 && may_lose_another()) {
    ++losses_;
    give_up(node);
  }
}

/// Whom the supervisor has lost, though it lives.
void simulation::note_stopped() {
  if (supervisor_->is_coming_back())
    return;
  for (node_index node = 0; node < nodes_.size(); ++node)
    if (nodes_[node] && !supervisor_->logic().has(node))
      zombies_.insert(node);
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
  // Where code fails, each failure is an attempt.
  if (random_.below(4) == 0 && options_.max_attempts == 0)
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
  return nodes_[node] && supervisor_->logic().is_alive(node)
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
  partition_failure why{"it was lost", true, 0, {}};
  node.fail(world_->number_of(first->place), why);
  for (auto many = random_.below(3); many > 0 && !node.hosted().empty(); --many)
    node.fail(node.hosted().begin()->first, why);
}

void simulation::crash_node(node_index node) {
  nodes_[node].reset();
  paused_.erase(node);
  // A zombie is given up already.
  if (zombies_.erase(node) == 0)
    tell_lost(node);
}

void simulation::tell_lost(node_index node) {
  network_->send({at_supervisor, node}, {at_supervisor}, node_lost{node});
}

void simulation::end_zombie(std::size_t number) {
  auto at = zombies_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(number));
  if (!supervisor_->logic().is_alive(*at))
    crash_node(*at);
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
  drains_->on_end(supervisor_->logic());
  network_->begin_supervisor_life();
  supervisor_ = std::make_unique<simulated_supervisor>(*world_, journal_);
  for (node_index node = 0; node < nodes_.size(); ++node)
    if (nodes_[node] && !zombies_.contains(node)) {
      // Some find it before what the earlier life has said comes to them.
      if (random_.below(2) == 0)
        nodes_[node]->follow();
      network_->send({at_supervisor}, {node}, supervisor_back{});
    }
}

/// Once all that live are back. Returns whether they are.
bool simulation::lead_on() {
  auto& awaited = supervisor_->awaited();
  if (std::any_of(awaited.begin(), awaited.end(), [this](auto node) {
        return nodes_[node] && !zombies_.contains(node);
      }))
    return false;
  for (auto& node : supervisor_->go_on()) {
    for (auto& before : nodes_)
      if (before && before->name() == node.name)
        before.reset();
    add_node(node.name);
  }
  return true;
}

/// It lives on, but the others are told that it does not.
void simulation::give_up(node_index node) {
  ++report_.zombies;
  zombies_.insert(node);
  tell_lost(node);
}

void simulation::add_node(const std::string& name) {
  auto number = static_cast<node_index>(nodes_.size());
  names_.push_back(name);
  nodes_.push_back(std::make_unique<simulated_node>(*world_, number, name));
}

/// The nodes that do not live, but for those that the supervisor does not miss
/// yet.
std::vector<std::string> simulation::names_down() const {
  std::set<std::string> up;
  auto& plan = supervisor_->logic().plan();
  for (node_index node = 0; node < nodes_.size(); ++node)
    if (nodes_[node] || supervisor_->logic().is_alive(node))
      up.insert(plan.nodes[node].name);
  std::vector<std::string> result;
  for (std::uint32_t i = 0; i < options_.nodes; ++i)
    if (!up.contains(node_name(i)))
      result.push_back(node_name(i));
  return result;
}

/// Returns whether it takes part again.
bool simulation::bring_back(const std::string& name) {
  if (supervisor_->is_coming_back()
      || !supervisor_->on_joined({name, nodes_.size(), {}, 0}))
    return false;
  add_node(name);
  return true;
}

/// Whether `replicas` nodes may be lost, whichever they are.
bool simulation::is_replicated() const {
  auto& logic = supervisor_->logic();
  auto lasts = [](auto& cut) { return cut.lasts; };
  if (std::any_of(cuts_.begin(), cuts_.end(), lasts))
    return false; // one of the two is going to be lost
  if (logic.is_recovering() || logic.is_unsafe()
      || supervisor_->is_coming_back() || !logic.plan().checkpoints
      || !zombies_.empty() || logic.alive().size() <= options_.replicas)
    return false;
  for (node_index node = 0; node < nodes_.size(); ++node) {
    auto known = logic.is_alive(node);
    if (known != (nodes_[node] != nullptr))
      return false;
    if (known
        && (nodes_[node]->alive() != logic.alive()
            || nodes_[node]->generation() != logic.generation()
            || !nodes_[node]->cuts_are_held()))
      return false;
  }
  // Copies of what is stable, and of all that may become so.
  auto stable = logic.stable();
  if (world_->moved_at && stable <= *world_->moved_at
      && stable < world_->newest_checkpoint)
    return false;
  return copies_are_held();
}

/// Of every slice at the stable epoch, on enough nodes beside its own.
bool simulation::copies_are_held() const {
  auto& logic = supervisor_->logic();
  auto stable = logic.stable();
  auto& owners = supervisor_->owners();
  for (operator_id id = 0; id < owners.size(); ++id)
    for (auto i : owners[id].hosts()) {
      partition_place place{id, i};
      auto host = owners[id].nodes[i];
      if (!nodes_[host] || !nodes_[host]->find(world_->number_of(place)))
        return false;
      if (stable == 0)
        continue;
      auto wanted = lost_one(owners, place, logic.generation_of(place));
      std::map<slice_id, std::uint32_t> copies;
      std::uint32_t partitions = 0;
      for (auto node : logic.alive()) {
        if (node == host)
          continue;
        for (auto& part :
             nodes_[node]->held().parts_of(1, wanted, stable).parts) {
          partitions += part.has_partition ? 1 : 0;
          for (auto& [slice, copy] : part.slices)
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
