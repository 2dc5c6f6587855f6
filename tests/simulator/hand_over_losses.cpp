// What is lost while slices change hands.
#include "tests/simulator/hand_over_run.hpp"

#include <algorithm>

namespace braid::simulator {

std::vector<node_index> hand_over_run::workers() const {
  return {logic_->alive().begin(), logic_->alive().end()};
}

/// Where an instance is may differ from where the supervisor has decided that
/// it is to be.
node_index hand_over_run::node_of(const partition_place& place) const {
  auto found = instances_.find(place);
  return found == instances_.end()
           ? logic_->plan().owners[place.id].nodes[place.index]
           : found->second.node;
}

bool hand_over_run::runs_on(node_index node) const {
  return std::any_of(instances_.begin(), instances_.end(),
                     [&](auto& each) { return each.second.node == node; });
}

void hand_over_run::lose_something() {
  if (how_.loss_odds == 0 || random_.below(how_.loss_odds) != 0
      || report_.losses == how_.most_losses
      || logic_->state() != run_state::running)
    return;
  ++report_.losses;
  report_.amid += logic_->phase() != run_logic::hand_over_phase::none;
  auto all = workers();
  auto one = all[random_.below(all.size())];
  auto other = all[random_.below(all.size())];
  switch (random_.below(3)) {
    case 0:
      if (all.size() > 1)
        lose_node(one);
      break;
    case 1:
      if (one != other)
        break_link(one, other);
      break;
    default:
      restart_supervisor();
  }
}

/// What it sent may still arrive, what is on its way to it does not. Another
/// life of it joins at some time.
void hand_over_run::lose_node(node_index node) {
  std::erase_if(instances_,
                [&](auto& each) { return each.second.node == node; });
  commands_.erase(node);
  drains_.on_disturbance(*logic_);
  carry_out(logic_->on_node_lost(node, "lost"));
  node_address next{"node" + std::to_string(++lives_), lives_, "", 0};
  tell_supervisor([=, this] {
    drains_.on_disturbance(*logic_);
    carry_out(logic_->on_node_joined(next));
  });
}

/// Frames of both directions are lost, and what is sent before the channels
/// begin anew.
void hand_over_run::break_link(node_index one, node_index other) {
  std::erase_if(network_, [&](auto& each) {
    auto from = node_of(each.first.first);
    auto to = node_of(each.first.second);
    return (from == one && to == other) || (from == other && to == one);
  });
  void_[std::minmax(one, other)] = logic_->generation();
  tell_supervisor([=, this] {
    drains_.on_disturbance(*logic_);
    carry_out(logic_->on_link_broken(one, other, "broken"));
  });
}

/// It knows what it has written down, and is told the rest again.
void hand_over_run::restart_supervisor() {
  for (auto& [node, queue] : commands_)
    while (!queue.empty() && random_.below(2) == 0)
      queue.pop_back(); // on its way when the supervisor died
  reports_.clear();
  drains_.on_end(*logic_);
  logic_ = std::make_unique<run_logic>(logic_->saved({}));
  auto all = logic_->alive();
  carry_out(logic_->on_supervisor_back(all, {}));
  std::erase_if(told_, [&](auto& each) {
    return each.epoch <= logic_->stable() && !each.ended;
  });
  for (auto& each : told_)
    tell_supervisor([=, this] { carry_out(logic_->on_checkpoint(each)); });
  for (auto& [place, x] : instances_)
    if (x.done)
      tell_supervisor([=, this, at = place, g = x.generation] {
        carry_out(logic_->on_partition_done(at, g));
      });
}

} // namespace braid::simulator
