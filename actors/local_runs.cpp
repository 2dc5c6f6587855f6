#include "actors/local_runs.hpp"

#include "actors/backup_holder.hpp"
#include "actors/partition_actor.hpp"
#include "actors/savepoint_fetcher.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <mutex>

namespace braid {

namespace {

/// Wakes a partition actor that may not be spawned yet, from any thread.
class alarm_clock {
public:
  void set(const caf::actor& target) {
    std::lock_guard guard{mutex_};
    target_ = caf::actor_cast<caf::actor_addr>(target);
  }

  void ring() {
    std::lock_guard guard{mutex_};
    if (auto target = caf::actor_cast<caf::actor>(target_))
      caf::anon_send(target, tick_atom::value, event_time{0});
  }

private:
  std::mutex mutex_;
  // Weak: the partition's reader holds this clock.
  caf::actor_addr target_;
};

void kill(const caf::actor& target) {
  // The plain send_exit would wait behind all messages in the mailbox.
  caf::anon_send<caf::message_priority::high>(
    target, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill});
}

bool is_shadow(const deployment& plan, const partition_place& place) {
  return std::any_of(plan.hand_overs.begin(), plan.hand_overs.end(),
                     [&](auto& what) { return what.is_successor(place); });
}

node_index index_of(const deployment& plan, const std::string& here) {
  // A node that has come back follows its earlier lives.
  for (auto i = plan.nodes.size(); i > 0; --i)
    if (plan.nodes[i - 1].name == here)
      return static_cast<node_index>(i - 1);
  throw std::runtime_error{"node '" + here + "' has no part in run '"
                           + plan.name + "'"};
}

} // namespace

struct local_runs::made_partition {
  partition_body body;
  generation_number generation = 0;
  std::shared_ptr<alarm_clock> alarm;
};

local_runs::local_runs(std::string here, const topology_registry& registry,
                       data_plane& plane, caf::event_based_actor* self,
                       caf::actor holder, callbacks tell)
  : here_(std::move(here)), registry_(&registry), plane_(&plane), self_(self),
    holder_(std::move(holder)), tell_(std::move(tell)) {}

// -- making partitions --------------------------------------------------------

local_runs::local_run local_runs::open(const deployment& plan) const {
  local_run run;
  run.plan = plan;
  run.graph = registry_->compose(plan.asked.topology, plan.asked.settings);
  if (run.graph->fingerprint() != plan.fingerprint)
    throw std::runtime_error{
      "topology '" + plan.asked.topology + "' is composed otherwise on node '"
      + here_ + "' than where it was submitted; use one build of its plug-in"};
  index_of(plan, here_);
  run.settings = partition_settings_of(plan, here_);
  if (run.settings.checkpoints.taken)
    run.settings.checkpoints.account = account_;
  for (node_index node = 0; node < plan.nodes.size(); ++node)
    run.alive.push_back(node);
  return run;
}

local_runs::made_partition
local_runs::make(const local_run& run, const partition_place& place,
                 const restoring& restored,
                 const partition_settings& settings) const {
  made_partition made;
  made.generation = restored.generation;
  made.alarm = std::make_shared<alarm_clock>();
  auto& body = made.body;
  body.place = place;
  body.out = std::make_shared<routed_outbox>(
    run.plan.run, place, restored.generation, plane_->link());
  for (auto& edge : run.graph->edges())
    body.decoders.push_back(edge.decode);
  body.backs_up = settings.checkpoints.taken;
  body.logic = make_partition(
    *run.graph, owners_for(run.plan, place), place, settings,
    {*body.out, [alarm = made.alarm] { alarm->ring(); }}, restored);
  body.load = body.logic->shared_load();
  body.ended = [=, tell = tell_.ended, run = run.plan.run,
                generation =
                  restored.generation](const partition_failure& failure) {
    tell({run, place.id, place.index, generation, !failure.reason.empty(),
          failure});
  };
  body.backed_up = [=, tell = tell_.backed_up, run = run.plan.run,
                    load = body.load, generation = restored.generation](
                     const checkpoint_sender::completion& what) {
    tell({run, place, generation, what.epoch, what.ended, load->busy_ns});
  };
  body.not_kept = [tell = tell_.not_kept, run = run.plan.run](
                    epoch_number epoch, const std::string& reason) {
    tell({run, epoch, reason});
  };
  body.wished = [tell = tell_.wished, run = run.plan.run](epoch_number epoch) {
    tell({run, epoch});
  };
  body.caught_up = [=, tell = tell_.in_hand_over, run = run.plan.run,
                    generation = restored.generation] {
    tell({run, place, generation, 0});
  };
  body.stopped = [=, tell = tell_.in_hand_over, run = run.plan.run](
                   generation_number generation, epoch_number epoch) {
    tell({run, place, generation, epoch});
  };
  body.refused = [=, tell = tell_.refused,
                  run = run.plan.run](epoch_number epoch) {
    tell({run, epoch});
  };
  return made;
}

void local_runs::add(local_run& run, made_partition made) {
  auto place = made.body.place;
  auto& node = run.graph->operators()[place.id];
  local_partition known;
  known.generation = made.generation;
  known.load = made.body.load;
  known.source = node.kind == operator_kind::source;
  known.actor = self_->spawn(partition_actor, std::move(made.body));
  made.alarm->set(known.actor);
  known.report.run = run.plan.name;
  known.report.operator_name = node.name;
  known.report.partition = place.index;
  known.report.node = here_;
  known.report.actor = known.actor.id();
  known.report.slices =
    static_cast<std::uint32_t>(run.plan.slices_of(place).size());
  run.partitions[place] = std::move(known);
}

/// Tells all partitions here where all others are now.
void local_runs::route(local_run& run) {
  auto& plan = run.plan;
  auto routes = std::make_shared<run_routes>();
  routes->run = plan.run;
  routes->edges = run.graph->edges();
  routes->owners = plan.owners;
  for (auto& node : plan.nodes)
    routes->nodes.push_back(node.name);
  routes->here = index_of(plan, here_);
  routes->holder = holder_;
  routes->hand_overs = plan.hand_overs;
  for (auto& [place, known] : run.partitions)
    routes->local[place] = known.actor;
  std::vector<std::pair<caf::actor, reroute>> told;
  for (auto& [place, known] : run.partitions) {
    backup_holders holders{
      routes->here,
      upstream_nodes(*run.graph, plan.owners, place.id, place.index), run.alive,
      static_cast<std::uint32_t>(plan.settings.replicas)};
    told.push_back({known.actor, {routes, std::move(holders)}});
  }
  plane_->add(routes, [&] {
    for (auto& [actor, what] : told)
      caf::anon_send(actor, std::move(what));
  });
}

void local_runs::connect_peers(const local_run& run) {
  for (auto number : run.alive) {
    auto& node = run.plan.nodes[number];
    if (node.name != here_)
      plane_->link().add_peer(node.name, node.incarnation, node.host,
                              node.port);
  }
}

void local_runs::deploy(const deployment& plan) {
  if (runs_.contains(plan.run))
    return;
  auto run = open(plan);
  auto here = index_of(plan, here_);
  std::vector<made_partition> made;
  for (auto id : run.graph->upstream_first())
    for (partition_index i = 0; i < plan.owners.at(id).partitions(); ++i)
      if (plan.owners[id].nodes[i] == here)
        made.push_back(make(run, {id, i}, {}, run.settings));
  caf::anon_send(holder_, open_run_atom::value, plan.run);
  plane_->on_generation(plan.run, 0);
  connect_peers(run);
  for (auto& each : made)
    add(run, std::move(each));
  // Nothing is sent before: sources wait for the start, the others for them.
  route(run);
  runs_[plan.run] = std::move(run);
}

void local_runs::start(run_id run) {
  auto found = runs_.find(run);
  if (found == runs_.end())
    throw std::runtime_error{"the run is not deployed on node '" + here_ + "'"};
  for (auto& [place, partition] : found->second.partitions)
    caf::anon_send(partition.actor, start_atom::value);
}

// -- recovery -----------------------------------------------------------------

void local_runs::recover(const recovery& what,
                         std::function<void(const std::string&)> done) {
  auto number = what.plan.run;
  auto opened = !runs_.contains(number);
  if (opened)
    runs_[number] = open(what.plan);
  auto& run = runs_[number];
  if (what.generation < run.generation)
    return;
  for (auto node : what.alive)
    if (opened || node >= run.plan.nodes.size())
      run.joining.insert(node);
  run.recovered = std::move(done);
  if (what.generation == run.generation)
    return restore_if_complete(run); // asked once more
  run.generation = what.generation;
  plane_->on_generation(number, what.generation);
  run.plan = what.plan;
  run.alive = what.alive;
  drop_gone(run);
  for (auto& lost : what.lost)
    if (auto found = run.partitions.find(lost.place);
        found != run.partitions.end()) {
      kill(found->second.actor);
      run.partitions.erase(found);
    }
  // The notice may have been lost with an earlier life of the supervisor.
  for (auto& [place, known] : run.partitions)
    caf::anon_send(known.actor, stable_notice{what.stable});
  connect_peers(run);
  auto from_savepoint =
    what.stable != 0 && what.stable == what.plan.begins_after;
  run.recovering = std::make_unique<local_recovery>(
    what, here_, from_savepoint ? savepoint_holder : "");
  caf::anon_send(holder_, what);
  if (auto here = run.recovering->hosted_here();
      from_savepoint && !here.empty())
    tell_.fetch(what, std::move(here));
  for (auto& part : std::exchange(early_, {}))
    on_part(std::move(part));
  restore_if_complete(run);
}

void local_runs::on_part(recovered_part part) {
  auto found = runs_.find(part.run);
  // Of a recovery that is over, or a run that is not here (any more).
  if (found != runs_.end() && part.incarnation < found->second.generation)
    return;
  if (found == runs_.end() || part.incarnation > found->second.generation) {
    early_.push_back(std::move(part));
    return;
  }
  auto& run = found->second;
  if (!run.recovering)
    return;
  run.recovering->on_part(std::move(part));
  restore_if_complete(run);
}

void local_runs::restore_if_complete(local_run& run) {
  std::string problem;
  if (run.recovering) {
    problem = run.recovering->problem();
    if (problem.empty() && !run.recovering->is_complete())
      return;
    try {
      if (problem.empty())
        restore(run);
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (problem.empty())
      run.recovering.reset();
  }
  if (run.recovered)
    std::exchange(run.recovered, nullptr)(problem);
}

void local_runs::restore(local_run& run) {
  std::vector<made_partition> made;
  auto& what = run.recovering->what();
  for (auto& found : run.recovering->take()) {
    auto settings = run.settings;
    auto& name = run.graph->operators()[found.place.id].name;
    if (!found.cuts.empty()) {
      auto known = std::make_shared<recorded_cuts>();
      for (auto& [epoch, cuts] : found.cuts)
        known->add(name, epoch, cuts);
      settings.cuts.known = std::move(known);
    }
    auto* checkpoint = found.checkpoint ? &*found.checkpoint : nullptr;
    // A savepoint is gone back to once. What is lost later before there is
    // another stable epoch is restored from it again, like from any copy.
    auto goes_back = run.plan.begins_after != 0 && run.generation == 1;
    made.push_back(make(run, found.place,
                        {run.generation, checkpoint, goes_back,
                         skipped_by(found.place.id, what.skipped),
                         is_shadow(run.plan, found.place)},
                        settings));
    made.back().body.out->repeat_cuts(what.stable, found.cuts);
  }
  for (auto& each : made)
    add(run, std::move(each));
  route(run);
}

/// Whoever handed its slices over, and successors that are not wanted any more.
void local_runs::drop_gone(local_run& run) const {
  std::erase_if(run.partitions, [&](auto& each) {
    auto wanted =
      run.plan.has(each.first)
      || std::any_of(run.plan.hand_overs.begin(), run.plan.hand_overs.end(),
                     [&](auto& what) { return what.is_origin(each.first); });
    if (!wanted)
      kill(each.second.actor);
    return !wanted;
  });
}

void local_runs::adopt(const placement_change& what) {
  auto found = runs_.find(what.plan.run);
  if (found == runs_.end())
    throw std::runtime_error{"the run is not deployed on node '" + here_ + "'"};
  auto& run = found->second;
  if (what.generation != run.generation)
    return;
  run.plan = what.plan;
  drop_gone(run);
  route(run);
}

void local_runs::stop_origins(run_id run, generation_number generation) {
  auto found = runs_.find(run);
  if (found == runs_.end() || found->second.generation != generation)
    return;
  for (auto& what : found->second.plan.hand_overs)
    for (auto& [place, known] : found->second.partitions)
      if (what.is_origin(place))
        caf::anon_send(known.actor, stop_for_successors{generation});
}

void local_runs::resume(const resumption& what) {
  auto found = runs_.find(what.run);
  if (found == runs_.end())
    throw std::runtime_error{"the run is not deployed on node '" + here_ + "'"};
  auto& run = found->second;
  run.generation = std::max(run.generation, what.generation);
  run.wished = false;
  plane_->on_generation(what.run, run.generation);
  // One that was taken for lost here alone is a peer again.
  connect_peers(run);
  auto here = index_of(run.plan, here_);
  std::set<node_index> reconnected;
  for (auto& [one, other] : what.reconnected) {
    if (one == here)
      reconnected.insert(other);
    if (other == here)
      reconnected.insert(one);
  }
  auto joined = std::exchange(run.joining, {});
  joined.erase(here);
  for (auto& [place, known] : run.partitions) {
    auto listed = std::find(what.restored.begin(), what.restored.end(), place)
                  != what.restored.end();
    auto restored = known.generation == what.generation;
    // Shadows are restored, too, but their channels do not begin anew.
    if (restored || (listed && known.generation < what.generation))
      caf::anon_send(known.actor, resume_atom::value);
    for (auto& nodes :
         {joined, restored ? std::set<node_index>{} : reconnected})
      for (auto node : nodes)
        caf::anon_send(known.actor, reconnection{node});
  }
  renew_channels(run, what, reconnected);
}

void local_runs::renew_channels(const local_run& run, const resumption& what,
                                const std::set<node_index>& reconnected) {
  for (auto& edge : run.graph->edges()) {
    auto& upstream = run.plan.owners.at(edge.from).nodes;
    for (partition_index from = 0; from < upstream.size(); ++from) {
      partition_place source{edge.from, from};
      auto anew = std::find(what.restored.begin(), what.restored.end(), source)
                  != what.restored.end();
      if (!anew && !reconnected.contains(upstream[from]))
        continue;
      for (auto& [place, known] : run.partitions)
        if (place.id == edge.to && known.generation != what.generation)
          caf::anon_send(known.actor,
                         channel_renewal{edge.id, from, what.generation});
    }
  }
}

void local_runs::on_stable(const run_epoch& stable) {
  caf::anon_send(holder_, stable);
  auto found = runs_.find(stable.run);
  if (found == runs_.end())
    return;
  found->second.wished = false;
  for (auto& [place, known] : found->second.partitions)
    caf::anon_send(known.actor, stable_notice{stable.epoch});
}

void local_runs::name_checkpoint(const run_epoch& named) {
  if (auto found = runs_.find(named.run); found != runs_.end())
    for (auto& [place, known] : found->second.partitions)
      caf::anon_send(known.actor, named_checkpoint{named.epoch});
}

epoch_number local_runs::newest_epoch(run_id run) const {
  epoch_number result = 0;
  if (auto found = runs_.find(run); found != runs_.end())
    for (auto& [place, known] : found->second.partitions)
      result = std::max<epoch_number>(result, known.load->epoch);
  return result;
}

// -- stopping and reporting ---------------------------------------------------

std::vector<partition_report> local_runs::stop(run_id run) {
  auto found = runs_.find(run);
  if (found == runs_.end())
    return {};
  plane_->remove(run);
  caf::anon_send(holder_, drop_run_atom::value, run);
  std::erase_if(early_, [&](auto& part) { return part.run == run; });
  std::vector<partition_report> result;
  for (auto& [place, partition] : found->second.partitions) {
    kill(partition.actor);
    result.push_back(last_report_of(partition));
  }
  runs_.erase(found);
  return result;
}

void local_runs::stop_all() {
  while (!runs_.empty())
    stop(runs_.begin()->first);
}

std::vector<run_id> local_runs::all() const {
  std::vector<run_id> result;
  for (auto& [number, run] : runs_)
    result.push_back(number);
  return result;
}

std::set<std::string> local_runs::peers() const {
  std::set<std::string> result;
  for (auto& [number, run] : runs_)
    for (auto node : run.alive)
      result.insert(run.plan.nodes[node].name);
  result.erase(here_);
  return result;
}

/// Nodes of earlier lives have the same name.
bool local_runs::needs(const local_run& run, const std::string& peer) {
  return std::any_of(run.alive.begin(), run.alive.end(), [&](auto node) {
    return run.plan.nodes[node].name == peer;
  });
}

std::vector<run_id> local_runs::runs_with(const std::string& peer) const {
  std::vector<run_id> result;
  for (auto& [number, run] : runs_)
    if (needs(run, peer))
      result.push_back(number);
  return result;
}

} // namespace braid
