#include "actors/run_logic.hpp"

#include <algorithm>
#include <tuple>

namespace braid {

namespace {

const std::string no_copies_yet =
  "it was lost before the first checkpoint was stable that was taken since the "
  "run began on a single node";

std::vector<stable_epoch::member> members_of(const deployment& plan) {
  std::vector<stable_epoch::member> result;
  for (operator_id id = 0; id < plan.owners.size(); ++id)
    result.push_back({id, plan.owners[id].slices()});
  return result;
}

/// What may help, when a failure was the last one allowed.
std::string why_given_up(const partition_failure& failure) {
  if (failure.tuple)
    return "; it is one of more than "
           + std::to_string(failed_attempts::most_skipped)
           + " calls that fail between two checkpoints: "
           + to_string(*failure.tuple)
           + "; let the code pass over what it cannot use";
  return "; it came of no single tuple, timer or window that could be passed "
         "over: sources, sinks and broadcast handlers must stand all their "
         "input, so check it before them";
}

} // namespace

run_logic::run_logic(deployment plan)
  : plan_(std::move(plan)), stable_(members_of(plan_), plan_.begins_after),
    attempts_(plan_.settings.max_attempts) {
  for (node_index node = 0; node < plan_.nodes.size(); ++node)
    alive_.insert(node);
}

// -- from one life of the supervising node to the next ------------------------

run_logic::run_logic(const saved_run& saved) : run_logic(saved.plan) {
  state_ = saved.report.state;
  reason_ = saved.report.reason;
  alive_ = {saved.alive.begin(), saved.alive.end()};
  generation_ = saved.generation;
  generations_ = {saved.generations.begin(), saved.generations.end()};
  lost_ = {saved.lost.begin(), saved.lost.end()};
  made_ = {saved.made.begin(), saved.made.end()};
  attempts_.skip(saved.skipped);
  hand_overs_ = saved.hand_overs;
  avoided_ = {saved.avoided.begin(), saved.avoided.end()};
  unsafe_until_ = saved.unsafe_until;
  if (!plan_.hand_overs.empty())
    phase_ = hand_over_phase::catching_up;
  stable_ = stable_epoch{members_of(plan_), saved.stable};
  // Late reports of instances that were replaced stay void. Nobody has replaced
  // the origins of a hand-over that is not committed.
  for (auto& [place, generation] : generations_)
    if (!plan_.is_shadow(place))
      stable_.fence(place.id, slices_of(place), generation, stable());
}

saved_run run_logic::saved(const run_report& report) const {
  saved_run result;
  result.plan = plan_;
  result.report = report;
  result.report.state = state_;
  result.report.reason = reason_;
  result.stable = stable();
  result.generation = generation_;
  result.generations = {generations_.begin(), generations_.end()};
  result.alive = {alive_.begin(), alive_.end()};
  result.lost = {lost_.begin(), lost_.end()};
  result.made = {made_.begin(), made_.end()};
  result.skipped = attempts_.skipped();
  result.hand_overs = hand_overs_;
  result.avoided = {avoided_.begin(), avoided_.end()};
  result.unsafe_until = unsafe_until_;
  return result;
}

/// Nobody knows which of the earlier life's last commands were heard by whom:
/// all channels begin anew, and what was being recovered is so again.
run_logic::actions
run_logic::on_supervisor_back(const std::set<node_index>& returned,
                              const std::vector<node_address>& joined,
                              bool started) {
  if (is_over(state_))
    return {};
  if (returned.empty() && (started || joined.empty()))
    return on_failure("the supervising node was started again, and no node "
                      "that has a part of the run has come back");
  if (!survives_losses())
    return on_failure("the supervising node was started again, and the run "
                      "takes no checkpoints");
  auto missing = alive_;
  for (auto node : returned)
    missing.erase(node);
  alive_ = returned;
  deployed_ = returned;
  for (auto& node : joined) {
    alive_.insert(static_cast<node_index>(plan_.nodes.size()));
    plan_.nodes.push_back(node);
  }
  // Nobody knows who has heard which nodes there are.
  nodes_changed_ = true;
  for (auto node : missing)
    if (lose_partitions(node) && is_unsafe())
      return on_failure("the supervising node was started again, and "
                        + no_copies_yet);
  // Nor who went on after a hand-over that came to nothing.
  for (auto& place : hosting())
    if (!lost_.contains(place))
      renewed_.insert(place);
  for (auto one : returned)
    for (auto other : returned)
      if (one < other)
        broken_.emplace(one, other);
  return begin_recovery();
}

// -- commands -----------------------------------------------------------------

run_logic::actions run_logic::to_all(command what) const {
  actions result;
  for (auto node : alive_)
    result.push_back({what, node});
  return result;
}

run_logic::actions run_logic::end(run_state how) {
  if (is_over(state_))
    return {};
  state_ = how;
  to_recover_.clear();
  to_resume_.clear();
  return to_all(command::stop);
}

run_logic::actions run_logic::begin() {
  // A savepoint is what all partitions are restored from.
  return plan_.begins_after == 0 ? to_all(command::deploy) : begin_recovery();
}

run_logic::actions run_logic::on_deployed(node_index node) {
  if (is_over(state_) || !is_first_start() || !deployed_.insert(node).second)
    return {};
  // No partition begins before all are there to receive.
  return deployed_.size() == alive_.size() ? to_all(command::start) : actions{};
}

run_logic::actions run_logic::on_started(node_index node) {
  if (!is_first_start())
    return {};
  started_.insert(node);
  if (started_.size() != alive_.size())
    return {};
  state_ = run_state::running;
  return take_in_early_nodes() ? begin_recovery() : take_early_failures();
}

/// Of instances that are still there.
run_logic::actions run_logic::take_early_failures() {
  actions result;
  for (auto& early : std::exchange(early_failures_, {}))
    if (generation_of(early.place) == 0)
      result = on_partition_failed(early.place, early.failure, early.name);
  return result;
}

run_logic::actions run_logic::on_partition_done(const partition_place& place,
                                                generation_number generation) {
  if (generation != generation_of(place))
    return {};
  done_.insert(place);
  return all_done() ? end(run_state::complete) : actions{};
}

run_logic::actions run_logic::on_checkpoint(const checkpoint_report& report) {
  if (is_over(state_) || !plan_.has(report.place))
    return {};
  // What successors have copies of must not fall behind while origins stop.
  if (phase_ == hand_over_phase::stopping || waits_for_shadows(report)) {
    held_reports_.push_back(report);
    return {};
  }
  loads_.on_report(report.place, report.generation, report.busy_ns);
  if (plan_.is_shadow(report.place))
    return on_shadow_checkpoint(report);
  auto slices = slices_of(report.place);
  auto newer = report.ended ? stable_.report_last(
                 report.place.id, slices, report.generation, report.epoch)
                            : stable_.report(report.place.id, slices,
                                             report.generation, report.epoch);
  if (!newer)
    return {};
  attempts_.on_stable(stable());
  auto result = announce_stable();
  for (auto& more : {stop_origins_if_ready(), begin_next_hand_over()})
    result.insert(result.end(), more.begin(), more.end());
  return result;
}

// -- recovery -----------------------------------------------------------------

bool run_logic::survives_losses() const {
  return !is_over(state_) && plan_.may_take_checkpoints();
}

/// Those that joined before all others had started.
bool run_logic::take_in_early_nodes() {
  if (early_nodes_.empty())
    return false;
  alive_.merge(std::exchange(early_nodes_, {}));
  nodes_changed_ = true;
  begin_checkpoints();
  return true;
}

run_logic::actions run_logic::on_node_lost(node_index node,
                                           const std::string& reason) {
  early_nodes_.erase(node);
  if (!alive_.erase(node) || is_over(state_))
    return {};
  if (!survives_losses())
    return on_failure(reason);
  if (lose_partitions(node) && is_unsafe())
    return on_failure(reason + "; " + no_copies_yet);
  // Even if none ran there: it may have kept backups and cuts.
  nodes_changed_ = true;
  std::erase_if(broken_, [&](auto& pair) {
    return pair.first == node || pair.second == node;
  });
  return begin_recovery();
}

run_logic::actions run_logic::on_node_joined(node_address node) {
  if (!survives_losses())
    return {};
  early_nodes_.insert(static_cast<node_index>(plan_.nodes.size()));
  plan_.nodes.push_back(std::move(node));
  // It would hold up a start that needs nobody else.
  if (is_first_start())
    return {};
  take_in_early_nodes();
  // What waits to change hands can wait for one more checkpoint.
  return phase_ == hand_over_phase::none ? restore_lost() : begin_recovery();
}

run_logic::actions run_logic::on_link_broken(node_index one, node_index other,
                                             const std::string& reason) {
  // The end of a node breaks its connections, too.
  if (is_over(state_) || !is_alive(one) || !is_alive(other))
    return {};
  if (!survives_losses())
    return on_failure(reason);
  broken_.insert(std::minmax(one, other));
  return begin_recovery();
}

node_index run_logic::whom_to_lose(node_index one, node_index other) const {
  // The supervisor's node is that of the latest life of the first one.
  auto& leader = plan_.nodes.front().name;
  if (plan_.nodes[one].name == leader)
    return other;
  if (plan_.nodes[other].name == leader)
    return one;
  return std::max(one, other);
}

/// What its instances reported beyond the stable epoch is void. Returns whether
/// there were any.
bool run_logic::lose_partitions(node_index node) {
  std::vector<partition_place> homeless;
  for (auto& place : hosting())
    if (plan_.owners[place.id].nodes[place.index] == node)
      homeless.push_back(place);
  lost_.insert(homeless.begin(), homeless.end());
  auto nodes = alive_;
  for (auto avoided : avoided_)
    nodes.erase(avoided);
  if (nodes.empty())
    nodes = alive_;
  if (!nodes.empty())
    place_evenly(plan_.owners, nodes, homeless, loads_);
  return !homeless.empty();
}

/// Partitions hear of it in a recovery.
void run_logic::begin_checkpoints() {
  if (plan_.checkpoints)
    return;
  plan_.checkpoints = true;
  unsafe_until_ = stable();
  nodes_changed_ = true;
}

/// Instances that a recovery under way is making are replaced as well: not
/// everybody has heard of them.
run_logic::actions run_logic::begin_recovery() {
  auto result = interrupt_hand_over("it was interrupted by a loss");
  for (auto& more : {restore_lost(), take_early_failures()})
    result.insert(result.end(), more.begin(), more.end());
  return result;
}

run_logic::actions run_logic::restore_lost() {
  if (is_first_start())
    lose_undeployed();
  ++generation_;
  for (auto& place : lost_) {
    made_.erase(place);
    done_.erase(place);
    generations_[place] = generation_;
    stable_.fence(place.id, slices_of(place), generation_, stable());
  }
  if (lost_.empty() && !nodes_changed_ && renewed_.empty())
    return begin_resumption();
  to_resume_.clear();
  to_recover_ = alive_;
  return to_all(command::recover);
}

/// What is there stays, as it may have begun: sources know how they have cut.
/// What may not be there has not begun, as nobody was started before all were.
void run_logic::lose_undeployed() {
  take_in_early_nodes();
  nodes_changed_ = true;
  for (auto& place : hosting())
    if (!deployed_.contains(plan_.owners[place.id].nodes[place.index]))
      lost_.insert(place);
}

run_logic::actions run_logic::begin_resumption() {
  to_recover_.clear();
  to_resume_ = alive_;
  return to_all(command::resume);
}

run_logic::actions run_logic::on_recovered(node_index node,
                                           generation_number generation) {
  if (generation != generation_ || !to_recover_.erase(node)
      || !to_recover_.empty())
    return {};
  made_.merge(std::exchange(lost_, {}));
  auto result = stable_unsaid_ ? to_all(command::stable) : actions{};
  stable_unsaid_ = false;
  auto resumed = begin_resumption();
  result.insert(result.end(), resumed.begin(), resumed.end());
  return result;
}

run_logic::actions run_logic::on_resumed(node_index node,
                                         generation_number generation) {
  if (generation != generation_ || !to_resume_.erase(node)
      || !to_resume_.empty())
    return {};
  if (nodes_changed_ || !made_.empty())
    moved_after_ = stable_.newest();
  made_.clear();
  broken_.clear();
  renewed_.clear();
  begins_again_after_.clear();
  nodes_changed_ = false;
  if (state_ == run_state::starting)
    state_ = run_state::running;
  if (phase_ == hand_over_phase::preparing)
    phase_ = hand_over_phase::catching_up;
  return begin_next_hand_over();
}

recovery run_logic::current_recovery() const {
  recovery result;
  result.plan = plan_;
  result.generation = generation_;
  // While successors are made, origins go on, and more becomes stable.
  result.stable =
    phase_ == hand_over_phase::preparing ? prepared_at_ : stable();
  // What is lost later, with no other epoch stable, is restored from the
  // savepoint like from any copy.
  result.goes_back = state_ == run_state::starting && plan_.begins_after != 0
                     && result.stable == plan_.begins_after;
  for (auto& place : lost_)
    result.lost.push_back({place, slices_of(place), generation_, {}, false});
  for (auto& what : plan_.hand_overs)
    for (auto& each : what.successors)
      result.lost.push_back(
        {{what.of, each.index}, each.slices, generation_, what.origins, true});
  result.alive = {alive_.begin(), alive_.end()};
  result.skipped = attempts_.skipped();
  return result;
}

resumption run_logic::current_resumption() const {
  auto anew = made_;
  anew.insert(renewed_.begin(), renewed_.end());
  return {plan_.run,
          generation_,
          state_ == run_state::starting,
          {anew.begin(), anew.end()},
          {broken_.begin(), broken_.end()}};
}

generation_number run_logic::generation_of(const partition_place& place) const {
  auto found = generations_.find(place);
  return found == generations_.end() ? 0 : found->second;
}

std::vector<slice_id> run_logic::slices_of(const partition_place& place) const {
  return plan_.slices_of(place);
}

// -- failures of code ---------------------------------------------------------

run_logic::actions
run_logic::on_partition_failed(const partition_place& place,
                               const partition_failure& failure,
                               const std::string& name) {
  // It may have handed its slices over meanwhile.
  if (is_over(state_) || !plan_.has(place))
    return {};
  if (plan_.is_shadow(place))
    return abort_hand_overs("partition " + name + ", which was to take slices "
                            + "over, failed: " + failure.reason);
  // Before all have started there is nothing to recover with.
  if (is_first_start() && deployed_.size() == alive_.size()) {
    early_failures_.push_back({place, failure, name});
    return {};
  }
  // Nobody else holds what a partition on the only node would begin with.
  auto survives = survives_losses() && alive_.size() > 1 && !is_unsafe();
  if (!failure.may_recover)
    return on_failure("partition " + name + ": " + failure.reason);
  if (!survives)
    return on_failure("partition " + name + ": " + failure.reason
                      + "; only a run with checkpoints, on several nodes, can "
                        "begin again and pass over what fails");
  auto verdict = attempts_.on_failure(place, failure);
  auto attempt = " (attempt " + std::to_string(attempts_.attempts()) + " of "
                 + std::to_string(plan_.settings.max_attempts) + ")";
  latest_failure_ = "partition " + name + ": " + failure.reason + attempt;
  switch (verdict) {
    case failed_attempts::verdict::give_up:
      latest_failure_ += why_given_up(failure);
      return on_failure(latest_failure_);
    case failed_attempts::verdict::look_closer:
      latest_failure_ += "; it is done again call by call, to find out which "
                         "tuple it is: "
                         + to_string(*failure.tuple);
      break;
    case failed_attempts::verdict::skip:
      latest_failure_ +=
        "; it is a dead letter now: " + to_string(*failure.tuple);
      break;
    case failed_attempts::verdict::again:
      break;
  }
  begins_again_after_ = latest_failure_;
  lost_.insert(place);
  return begin_recovery();
}

// -- ends ---------------------------------------------------------------------

run_logic::actions run_logic::on_failure(const std::string& reason) {
  // What follows from the first failure would only hide it.
  if (!is_over(state_))
    reason_ = reason;
  if (!is_over(state_) && !begins_again_after_.empty()
      && reason != latest_failure_)
    reason_ += "; it was beginning again after: " + begins_again_after_;
  return end(run_state::failed);
}

run_logic::actions run_logic::on_cancel() {
  return end(run_state::cancelled);
}

} // namespace braid
