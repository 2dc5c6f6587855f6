// The part of a run's life in which slices change hands (docs/decisions/0024).
#include "actors/run_logic.hpp"

#include "scaling/scaling_settings.hpp"

#include <algorithm>
#include <utility>

namespace braid {

// -- who hosts what -----------------------------------------------------------

std::vector<partition_place> run_logic::hosting() const {
  std::vector<partition_place> result;
  for (operator_id id = 0; id < plan_.owners.size(); ++id)
    for (auto index : plan_.owners[id].hosts())
      result.push_back({id, index});
  return result;
}

std::uint32_t run_logic::count_hosts(operator_id id) const {
  return static_cast<std::uint32_t>(plan_.owners.at(id).hosts().size());
}

std::uint32_t run_logic::count_done(operator_id id) const {
  auto all = plan_.owners.at(id).hosts();
  return static_cast<std::uint32_t>(
    std::count_if(all.begin(), all.end(), [&](auto index) {
      return done_.contains({id, index});
    }));
}

bool run_logic::all_done() const {
  auto all = hosting();
  return std::all_of(all.begin(), all.end(),
                     [&](auto& place) { return done_.contains(place); });
}

// -- beginning ----------------------------------------------------------------

void run_logic::check_movable() const {
  if (state_ != run_state::running || !survives_losses())
    throw scaling_error{
      "slices can be handed over only while a run is running and takes "
      "checkpoints; set checkpoints.interval"};
}

run_logic::actions
run_logic::hand_over_slices(const std::vector<planned_hand_over>& plans) {
  if (plans.empty())
    return {};
  check_movable();
  std::map<operator_id, waiting_hand_over> by_operator;
  for (auto& plan : plans) {
    auto& merged = by_operator[plan.of];
    merged.what.of = plan.of;
    auto& origins = merged.what.origins;
    origins.insert(origins.end(), plan.origins.begin(), plan.origins.end());
    for (auto& each : plan.successors) {
      merged.what.successors.push_back({0, each.slices});
      merged.nodes.push_back(each.node);
    }
  }
  for (auto& [id, merged] : by_operator) {
    auto& origins = merged.what.origins;
    std::sort(origins.begin(), origins.end());
    waiting_.push_back(std::move(merged));
  }
  if (plan_.checkpoints)
    return begin_next_hand_over();
  // On a single node nobody has kept anything so far.
  begin_checkpoints();
  return restore_lost();
}

/// Whether what is to change hands is certain to be there at the stable epoch.
/// Of what a node that is lost has kept there is another copy only once there
/// is a later checkpoint; and in a savepoint partitions that are not there yet
/// have no part.
bool run_logic::is_backed_up() const {
  auto saved_only = stable() != 0 && stable() == plan_.begins_after;
  return !saved_only && (!moved_after_ || stable() > *moved_after_);
}

/// One at a time, so that none has to follow what another one moves.
run_logic::actions run_logic::begin_next_hand_over() {
  while (state_ == run_state::running && phase_ == hand_over_phase::none
         && !is_recovering() && is_backed_up() && !waiting_.empty()) {
    if (is_unprepared(waiting_.front()))
      return prepare_relocations();
    auto next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    if (is_possible(next))
      return next.relocates ? begin_relocation(next)
                            : begin_hand_over(std::move(next.what), next.nodes);
    hand_over_problem_ = "the run is placed otherwise since it was planned";
  }
  return {};
}

/// Who was to host what when it was planned still does.
bool run_logic::is_possible(const waiting_hand_over& next) const {
  auto alive = std::all_of(next.nodes.begin(), next.nodes.end(),
                           [&](auto node) { return is_alive(node); });
  std::vector<slice_id> had;
  std::vector<slice_id> given;
  for (auto origin : next.what.origins) {
    auto slices =
      hosted_slices{plan_.owners.at(next.what.of).table, origin}.ids();
    had.insert(had.end(), slices.begin(), slices.end());
  }
  for (auto& each : next.what.successors)
    given.insert(given.end(), each.slices.begin(), each.slices.end());
  std::sort(had.begin(), had.end());
  std::sort(given.begin(), given.end());
  return alive && (next.relocates ? !had.empty() : had == given);
}

run_logic::actions run_logic::relocate(
  const std::vector<std::pair<partition_place, node_index>>& places) {
  if (places.empty())
    return {};
  // They would begin with nothing.
  check_movable();
  for (auto& [place, node] : places) {
    waiting_hand_over next;
    next.what.of = place.id;
    next.what.origins = {place.index};
    next.nodes = {node};
    next.relocates = true;
    waiting_.push_back(std::move(next));
  }
  return begin_next_hand_over();
}

run_logic::actions run_logic::change(const scaling_plan& what) {
  auto result = hand_over_slices(what.hand_overs);
  auto more = relocate(what.relocations);
  result.insert(result.end(), more.begin(), more.end());
  if (what.drained)
    avoided_.insert(*what.drained);
  return result;
}

/// Of the copies that others keep there may be none but on the node to which a
/// partition goes, and then the run could not lose that one (schedule 29). So
/// first the nodes that partitions leave keep copies of them as well.
run_logic::actions run_logic::prepare_relocations() {
  for (auto& each : waiting_)
    if (is_unprepared(each))
      plan_.leaving.push_back(each.place());
  nodes_changed_ = true;
  return restore_lost();
}

run_logic::actions run_logic::begin_relocation(const waiting_hand_over& what) {
  auto place = what.place();
  std::erase(plan_.leaving, place);
  plan_.owners[place.id].nodes[place.index] = what.nodes.front();
  lost_.insert(place);
  hand_over_problem_.clear();
  return restore_lost();
}

run_logic::actions
run_logic::begin_hand_over(hand_over what,
                           const std::vector<node_index>& nodes) {
  ++generation_;
  ++hand_overs_;
  what.generation = generation_;
  auto& owned = plan_.owners.at(what.of);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    what.successors[i].index = owned.partitions();
    owned.nodes.push_back(nodes[i]);
    generations_[{what.of, what.successors[i].index}] = generation_;
  }
  plan_.hand_overs.push_back(std::move(what));
  phase_ = hand_over_phase::preparing;
  prepared_at_ = stable();
  hand_over_problem_.clear();
  to_recover_ = alive_;
  return to_all(command::recover);
}

run_logic::actions run_logic::announce_stable() {
  // Holders keep what successors are made from, and nobody drops what they are
  // going to ask for.
  if (phase_ == hand_over_phase::preparing) {
    stable_unsaid_ = true;
    return {};
  }
  return to_all(command::stable);
}

// -- going on -----------------------------------------------------------------

run_logic::actions run_logic::on_caught_up(const partition_place& place,
                                           generation_number generation) {
  if (!plan_.is_shadow(place) || generation != generation_of(place))
    return {};
  caught_up_.insert(place);
  return stop_origins_if_ready();
}

/// Shadows are backed up like everybody, but nobody waits for it.
run_logic::actions
run_logic::on_shadow_checkpoint(const checkpoint_report& report) {
  if (report.generation != generation_of(report.place))
    return {};
  backed_up_[report.place.index].emplace(report.epoch, report);
  auto result = stop_origins_if_ready();
  // Others may have waited for it.
  auto more = take_held_reports();
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

/// Once all shadows have caught up, and have backed all up before, an epoch is
/// not stable before they have backed it up as well: they would be late by a
/// little every time. One that has left the epoch out is not waited for.
bool run_logic::waits_for_shadows(const checkpoint_report& report) const {
  if (phase_ != hand_over_phase::catching_up || report.ended
      || plan_.is_shadow(report.place))
    return false;
  auto& what = plan_.hand_overs.front();
  auto is_late = false;
  for (auto& successor : what.successors) {
    auto found = backed_up_.find(successor.index);
    if (!caught_up_.contains({what.of, successor.index})
        || found == backed_up_.end())
      return false;
    auto& [newest, last] = *found->second.rbegin();
    is_late |= !last.ended && newest < report.epoch;
  }
  return is_late;
}

/// A copy of what the successors take over must be on nodes whose loss does not
/// take the successors along: those to which they send their own backups. What
/// they were made from may be nowhere but on their own node (schedule 29).
bool run_logic::are_ready() const {
  auto& what = plan_.hand_overs.front();
  return std::all_of(
    what.successors.begin(), what.successors.end(), [&](auto& successor) {
      auto found = backed_up_.find(successor.index);
      return caught_up_.contains({what.of, successor.index})
             && found != backed_up_.end()
             && std::any_of(
               found->second.begin(), found->second.end(), [&](auto& each) {
                 return each.first == stable()
                        || (each.second.ended && each.first < stable());
               });
    });
}

run_logic::actions run_logic::stop_origins_if_ready() {
  if (phase_ != hand_over_phase::catching_up || !are_ready())
    return {};
  phase_ = hand_over_phase::stopping;
  auto& what = plan_.hand_overs.front();
  std::set<node_index> nodes;
  for (auto origin : what.origins)
    nodes.insert(plan_.owners[what.of].nodes[origin]);
  actions result;
  for (auto node : nodes)
    result.push_back({command::stop_origins, node});
  return result;
}

run_logic::actions run_logic::on_origins_stopped(
  generation_number generation,
  const std::vector<std::pair<partition_place, epoch_number>>& begins) {
  if (phase_ != hand_over_phase::stopping || generation != generation_)
    return {};
  auto& what = plan_.hand_overs.front();
  for (auto& [place, epoch] : begins)
    if (what.is_origin(place))
      stopped_[place.index] = epoch;
  return stopped_.size() == what.origins.size() ? commit() : actions{};
}

/// From now on there is no way back. The origins may go at once: whoever lacks
/// some of what they sent gets it from their successors, which have all since
/// the stable epoch. Nor do they count beyond it, for what they back up may be
/// nowhere but on the successors' nodes.
run_logic::actions run_logic::commit() {
  auto what = std::move(plan_.hand_overs.front());
  plan_.hand_overs.clear();
  for (auto origin : what.origins) {
    stable_.fence(what.of, slices_of({what.of, origin}), what.generation,
                  stable());
    done_.erase({what.of, origin});
  }
  take_place(what, plan_.owners);
  phase_ = hand_over_phase::adopting;
  stopped_.clear();
  caught_up_.clear();
  if (all_done())
    return end(run_state::complete);
  to_adopt_ = alive_;
  auto result = to_all(command::adopt);
  for (auto& [index, reports] : std::exchange(backed_up_, {}))
    for (auto& [epoch, report] : reports)
      held_reports_.push_back(report);
  auto more = take_held_reports();
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

run_logic::actions run_logic::take_held_reports() {
  actions result;
  for (auto& report : std::exchange(held_reports_, {})) {
    auto more = on_checkpoint(report);
    result.insert(result.end(), more.begin(), more.end());
  }
  return result;
}

run_logic::actions run_logic::on_adopted(node_index node,
                                         generation_number generation) {
  if (generation != generation_ || !to_adopt_.erase(node) || !to_adopt_.empty())
    return {};
  phase_ = hand_over_phase::none;
  return begin_next_hand_over();
}

// -- ending otherwise ---------------------------------------------------------

run_logic::actions run_logic::abort_hand_overs(const std::string& reason) {
  waiting_.clear();
  if (is_over(state_) || plan_.hand_overs.empty())
    return {};
  hand_over_problem_ = reason;
  auto result = interrupt_hand_over(reason);
  auto recovered = begin_recovery();
  result.insert(result.end(), recovered.begin(), recovered.end());
  return result;
}

/// A recovery is to begin, so what is under way has never been: the origins go
/// on, and whoever listens to their successors must ask them again.
run_logic::actions run_logic::interrupt_hand_over(const std::string& reason) {
  if (!waiting_.empty() || !plan_.hand_overs.empty())
    hand_over_problem_ = reason;
  waiting_.clear();
  if (!std::exchange(plan_.leaving, {}).empty())
    nodes_changed_ = true;
  for (auto& what : std::exchange(plan_.hand_overs, {})) {
    for (auto& place : what.successor_places()) {
      done_.erase(place);
      generations_.erase(place);
    }
    for (auto origin : what.origins)
      renewed_.insert({what.of, origin});
  }
  phase_ = hand_over_phase::none;
  caught_up_.clear();
  backed_up_.clear();
  stopped_.clear();
  to_adopt_.clear();
  return take_held_reports();
}

} // namespace braid
