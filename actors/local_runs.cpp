#include "actors/local_runs.hpp"

#include "actors/backup_holder.hpp"
#include "actors/made_partition.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace braid {

local_runs::local_runs(std::string here, const topology_registry& registry,
                       data_plane& plane, caf::event_based_actor* self,
                       caf::actor holder, callbacks tell)
  : here_(std::move(here)), registry_(&registry), plane_(&plane), self_(self),
    holder_(std::move(holder)), tell_(std::move(tell)) {}

void local_runs::kill(const caf::actor& target) {
  // The plain send_exit would wait behind all messages in the mailbox.
  caf::anon_send<caf::message_priority::high>(
    target, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill});
}

node_index local_runs::index_of(const deployment& plan,
                                const std::string& here) {
  // A node that has come back follows its earlier lives.
  for (auto i = plan.nodes.size(); i > 0; --i)
    if (plan.nodes[i - 1].name == here)
      return static_cast<node_index>(i - 1);
  throw std::runtime_error{"node '" + here + "' has no part in run '"
                           + plan.name + "'"};
}

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
  if (plan.may_take_checkpoints())
    run.settings.checkpoints.account = account_;
  for (node_index node = 0; node < plan.nodes.size(); ++node)
    run.alive.push_back(node);
  return run;
}

made_partition local_runs::make(const local_run& run,
                                const partition_place& place,
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
    tell({run, place, generation, what.epoch, what.ended, load->busy_ns,
          what.bytes});
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

backup_holders local_runs::holders_of(const local_run& run,
                                      const partition_place& place) const {
  auto& plan = run.plan;
  return {index_of(plan, here_),
          upstream_nodes(*run.graph, plan.owners, place.id, place.index),
          run.alive, static_cast<std::uint32_t>(plan.settings.replicas),
          plan.is_leaving(place)};
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
    told.push_back({known.actor, {routes, holders_of(run, place)}});
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

// -- epochs -------------------------------------------------------------------

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
  forget_recovery(found->second);
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
