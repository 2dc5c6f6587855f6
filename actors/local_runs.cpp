#include "actors/local_runs.hpp"

#include "actors/partition_actor.hpp"

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

node_index index_of(const deployment& plan, const std::string& here) {
  for (node_index i = 0; i < plan.nodes.size(); ++i)
    if (plan.nodes[i].name == here)
      return i;
  throw std::runtime_error{"node '" + here + "' has no part in run '"
                           + plan.name + "'"};
}

} // namespace

struct local_runs::made_partition {
  partition_body body;
  std::shared_ptr<alarm_clock> alarm;
};

local_runs::local_runs(std::string here, const topology_registry& registry,
                       data_plane& plane)
  : here_(std::move(here)), registry_(&registry), plane_(&plane) {}

std::vector<local_runs::made_partition>
local_runs::make_partitions(const deployment& plan, const topology& graph,
                            node_index here) const {
  auto settings = partition_settings_of(plan, here_);
  std::vector<batch_decoder> decoders;
  for (auto& edge : graph.edges())
    decoders.push_back(edge.decode);
  std::vector<made_partition> result;
  for (auto id : graph.upstream_first())
    for (partition_index i = 0; i < plan.owners.at(id).partitions(); ++i) {
      if (plan.owners[id].nodes[i] != here)
        continue;
      made_partition made;
      made.alarm = std::make_shared<alarm_clock>();
      made.body.place = {id, i};
      made.body.out =
        std::make_shared<routed_outbox>(made.body.place, plane_->link());
      made.body.decoders = decoders;
      made.body.logic =
        make_partition(graph, plan.owners, made.body.place, settings,
                       *made.body.out, [alarm = made.alarm] { alarm->ring(); });
      made.body.load = made.body.logic->shared_load();
      result.push_back(std::move(made));
    }
  return result;
}

void local_runs::connect_peers(const deployment& plan) {
  for (auto& node : plan.nodes)
    if (node.name != here_)
      plane_->link().add_peer(node.name, node.incarnation, node.host,
                              node.port);
}

void local_runs::deploy(
  caf::event_based_actor* self, const deployment& plan,
  const std::function<void(const partition_event&)>& tell) {
  if (runs_.contains(plan.run))
    return;
  auto graph = registry_->compose(plan.asked.topology, plan.asked.settings);
  if (graph->fingerprint() != plan.fingerprint)
    throw std::runtime_error{
      "topology '" + plan.asked.topology + "' is composed otherwise on node '"
      + here_ + "' than where it was submitted; use one build of its plug-in"};
  auto here = index_of(plan, here_);
  auto made = make_partitions(plan, *graph, here);
  connect_peers(plan);
  auto routes = std::make_shared<run_routes>();
  routes->run = plan.run;
  routes->edges = graph->edges();
  routes->owners = plan.owners;
  for (auto& node : plan.nodes)
    routes->nodes.push_back(node.name);
  routes->here = here;
  auto& run = runs_[plan.run];
  run.plan = plan;
  for (auto& [body, alarm] : made) {
    auto place = body.place;
    body.ended = [=, run_number = plan.run](const std::string& reason) {
      tell({run_number, place.id, place.index, !reason.empty(), reason});
    };
    auto& node = graph->operators()[place.id];
    local_partition known;
    known.load = body.load;
    known.source = node.kind == operator_kind::source;
    auto out = body.out;
    known.actor = self->spawn(partition_actor, std::move(body));
    alarm->set(known.actor);
    known.report.run = plan.name;
    known.report.operator_name = node.name;
    known.report.partition = place.index;
    known.report.node = here_;
    known.report.actor = known.actor.id();
    known.report.slices =
      hosted_slices{plan.owners[place.id].table, place.index}.size();
    routes->local[{place.id, place.index}] = known.actor;
    run.partitions.push_back(std::move(known));
    // Nothing is sent before the routes are complete: sources wait for the
    // start, the others for them.
    out->route(routes);
  }
  run.graph = std::move(graph);
  plane_->add(std::move(routes));
}

void local_runs::start(run_id run) {
  auto found = runs_.find(run);
  if (found == runs_.end())
    throw std::runtime_error{"the run is not deployed on node '" + here_ + "'"};
  for (auto& partition : found->second.partitions)
    caf::anon_send(partition.actor, start_atom::value);
}

std::vector<partition_report> local_runs::stop(run_id run) {
  auto found = runs_.find(run);
  if (found == runs_.end())
    return {};
  plane_->remove(run);
  std::vector<partition_report> result;
  for (auto& partition : found->second.partitions) {
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

std::vector<run_id> local_runs::runs_with(const std::string& peer) const {
  std::vector<run_id> result;
  for (auto& [number, run] : runs_)
    for (auto& node : run.plan.nodes)
      if (node.name == peer)
        result.push_back(number);
  return result;
}

partition_report local_runs::report_of(const local_partition& known) {
  auto result = known.report;
  result.state = known.load->state;
  result.epoch = known.load->epoch;
  result.tuples_in = known.load->tuples_in;
  result.tuples_out = known.load->tuples_out;
  result.queued_epochs = known.load->queued_epochs;
  result.queued_bytes = known.load->queued_bytes;
  return result;
}

partition_report local_runs::last_report_of(const local_partition& known) {
  auto result = report_of(known);
  if (result.state != partition_state::done
      && result.state != partition_state::failed)
    result.state = partition_state::stopped;
  result.tuples_per_second = 0;
  result.busy_permille = 0;
  result.queued_epochs = 0;
  result.queued_bytes = 0;
  return result;
}

std::vector<partition_report> local_runs::report() const {
  std::vector<partition_report> result;
  for (auto& [number, run] : runs_)
    for (auto& known : run.partitions)
      result.push_back(report_of(known));
  return result;
}

void local_runs::sample(clock::time_point now) {
  auto elapsed = static_cast<std::uint64_t>(
    std::chrono::nanoseconds{now - sampled_at_}.count());
  sampled_at_ = now;
  if (elapsed == 0)
    return;
  auto steady_now = std::chrono::nanoseconds{now.time_since_epoch()}.count();
  for (auto& [number, run] : runs_)
    for (auto& known : run.partitions) {
      std::uint64_t tuples =
        known.source ? known.load->tuples_out : known.load->tuples_in;
      // The two figures it is made of are not read at one instant.
      auto busy =
        std::max(known.busy_before, known.load->busy_until(steady_now));
      known.report.tuples_per_second = static_cast<std::uint64_t>(
        static_cast<double>(tuples - known.tuples_before) * 1e9
        / static_cast<double>(elapsed));
      known.report.busy_permille = std::min<std::uint64_t>(
        1000, (busy - known.busy_before) * 1000 / elapsed);
      known.tuples_before = tuples;
      known.busy_before = busy;
    }
}

} // namespace braid
