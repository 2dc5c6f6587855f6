#include "tests/simulator/simulated_supervisor.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulator {

namespace {

std::vector<stable_epoch::member> members_of(const assignment& owners) {
  std::vector<stable_epoch::member> result;
  for (operator_id id = 0; id < owners.size(); ++id)
    result.push_back({id, owners[id].slices()});
  return result;
}

std::vector<partition_place> places_of(const assignment& owners) {
  std::vector<partition_place> result;
  for (operator_id id = 0; id < owners.size(); ++id)
    for (partition_index i = 0; i < owners[id].partitions(); ++i)
      result.push_back({id, i});
  return result;
}

} // namespace

simulated_supervisor::simulated_supervisor(simulated_world& world,
                                           assignment owners)
  : world_(&world), owners_(std::move(owners)), stable_(members_of(owners_)),
    attempts_(world.options->max_attempts),
    incarnations_(places_of(owners_).size()),
    naming_(std::chrono::hours{1}, now()) {
  for (node_index node = 0; node < world.options->nodes; ++node)
    alive_.insert(node);
}

simulated_supervisor::simulated_supervisor(simulated_world& world,
                                           const decisions& written)
  : world_(&world), owners_(written.owners),
    stable_(members_of(owners_), written.stable),
    attempts_(world.options->max_attempts), alive_(written.alive),
    generation_(written.generation), incarnations_(written.incarnations),
    restoring_(written.restoring), named_(written.named),
    naming_(std::chrono::hours{1}, now(), written.named),
    newest_name_(written.named) {
  attempts_.skip(written.skipped);
  for (auto& place : places_of(owners_))
    stable_.fence(place.id, lost_one(owners_, place, 0).slices,
                  incarnation(place), written.stable);
}

simulated_supervisor::decisions simulated_supervisor::written() const {
  auto restoring = restoring_;
  restoring.insert(started_.begin(), started_.end());
  return {owners_,       stable_.value(), alive_, generation_,
          incarnations_, restoring,       named_, attempts_.skipped()};
}

void simulated_supervisor::on_back(const std::set<node_index>& gone,
                                   const std::set<partition_place>& missing) {
  auto lost = missing;
  for (auto node : gone)
    alive_.erase(node);
  for (auto& place : places_of(owners_))
    if (!alive_.contains(owners_[place.id].nodes[place.index]))
      lost.insert(place);
  recover(lost);
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

void simulated_supervisor::send(node_index to, message what) {
  world_->network->send({world_->supervisor()}, {to}, std::move(what));
}

// -- checkpoints --------------------------------------------------------------

void simulated_supervisor::on(node_index, const checkpoint_report& what) {
  auto slices = lost_one(owners_, what.place, 0).slices;
  auto advanced =
    what.ended
      ? stable_.report_last(what.place.id, slices, what.incarnation, what.epoch)
      : stable_.report(what.place.id, slices, what.incarnation, what.epoch);
  if (what.ended && what.incarnation == incarnation(what.place))
    ended_.emplace(what.place, what.epoch);
  if (!advanced)
    return;
  naming_.on_stable(stable_.value(), now());
  attempts_.on_stable(stable_.value());
  for (auto node : alive_)
    send(node, stable_notice{stable_.value()});
}

void simulated_supervisor::name_checkpoint() {
  if (all_have_ended())
    return;
  named_ = std::max(named_, stable_.value()) + 1 + world_->random->below(6);
  for (auto node : alive_)
    send(node, naming{named_});
}

void simulated_supervisor::on(node_index, const naming_refused& what) {
  ++world_->report->names_refused;
  named_ = std::max(named_, what.closed + 1);
  naming_.on_refused(what.epoch);
}

bool simulated_supervisor::all_have_ended() const {
  auto places = places_of(owners_);
  return std::all_of(places.begin(), places.end(),
                     [&](auto& x) { return ended_.contains(x); });
}

checkpoint_naming::time simulated_supervisor::now() const {
  return checkpoint_naming::time{std::chrono::microseconds{*world_->clock}};
}

void simulated_supervisor::on(node_index, const checkpoint_wish& what) {
  naming_.on_wish(what.epoch);
}

void simulated_supervisor::name_if_due() {
  // One that must have got lost is not on its way any more once that is due.
  if (is_recovering() || all_have_ended() || !naming_.is_due(now())
      || !naming_.is_owed())
    return;
  newest_name_ = naming_.name(world_->newest(), now());
  for (auto node : alive_)
    send(node, naming{newest_name_});
}

/// Whoever waits for the end of the interval waits too long.
event_time simulated_supervisor::next_look() const {
  auto waits = naming_.is_owed() || naming_.named() != 0;
  if (!waits || is_recovering() || all_have_ended())
    return end_of_time;
  auto due = naming_.due_at().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(due).count() + 1;
}

// -- recovery -----------------------------------------------------------------

void simulated_supervisor::on_joined(node_index node) {
  alive_.insert(node);
  // What was taken while nobody else was there is kept nowhere.
  naming_.on_loss();
  welcome all{generation_, stable_.value(), alive_, owners_, {}};
  for (auto& place : places_of(owners_))
    all.fences.push_back(lost_one(owners_, place, incarnation(place)));
  send(node, std::move(all));
  for (auto other : alive_)
    if (other != node)
      send(other, node_joined{alive_});
}

void simulated_supervisor::on(node_index, const node_lost& what) {
  alive_.erase(what.node);
  std::set<partition_place> lost;
  for (auto& place : places_of(owners_))
    if (owners_[place.id].nodes[place.index] == what.node)
      lost.insert(place);
  recover(lost);
}

void simulated_supervisor::on(node_index, const partition_failed& what) {
  if (what.incarnation != incarnation(what.place))
    return;
  if (what.why
      && attempts_.on_failure(what.place, *what.why)
           == failed_attempts::verdict::give_up)
    throw simulation_failure{what.why->reason};
  recover({what.place});
}

/// Everything that was not restored everywhere is restored anew along with it.
void simulated_supervisor::recover(const std::set<partition_place>& lost) {
  auto& report = *world_->report;
  ++report.recoveries;
  report.interrupted += is_recovering() ? 1 : 0;
  report.restored_at = std::max(report.restored_at, stable_.value());
  restoring_.insert(lost.begin(), lost.end());
  recovery_order order{
    ++generation_, stable_.value(), alive_, {}, attempts_.skipped()};
  for (auto& place : restoring_) {
    auto one = lost_one(owners_, place, generation_);
    if (!world_->has(planted_bug::reports_not_void))
      stable_.fence(place.id, one.slices, generation_, stable_.value());
    incarnations_[world_->number_of(place)] = generation_;
    if (auto at = ended_.find(place);
        at != ended_.end() && at->second > stable_.value())
      ended_.erase(at);
    auto host = pick_host();
    owners_[place.id].nodes[place.index] = host;
    order.replacements.push_back({std::move(one), host});
  }
  awaited_ = alive_;
  for (auto node : alive_)
    send(node, order);
}

node_index simulated_supervisor::pick_host() {
  auto at = alive_.begin();
  std::advance(
    at, static_cast<std::ptrdiff_t>(world_->random->below(alive_.size())));
  return *at;
}

void simulated_supervisor::on(node_index from, const recovery_answer& what) {
  if (what.generation != generation_ || awaited_.erase(from) == 0)
    return;
  if (!awaited_.empty() && !world_->has(planted_bug::started_early))
    return;
  start_order order{generation_, {restoring_.begin(), restoring_.end()}};
  for (auto node : alive_)
    send(node, order);
  if (awaited_.empty()) {
    started_.merge(std::exchange(restoring_, {}));
    naming_.on_loss();
  }
}

} // namespace braid::simulator
