// What a node does for its runs when something is lost.
#include "actors/local_runs.hpp"
#include "actors/made_partition.hpp"
#include "actors/savepoint_fetcher.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace braid {

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
  forget_recovery(run);
  plane_->on_generation(number, what.generation);
  auto begins = what.plan.checkpoints && !run.plan.checkpoints;
  run.plan = what.plan;
  run.alive = what.alive;
  drop_gone(run);
  if (begins)
    begin_checkpoints(run);
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

/// The run has done without so far.
void local_runs::begin_checkpoints(local_run& run) const {
  auto account = run.settings.checkpoints.account;
  run.settings.checkpoints = checkpoint_settings_of(run.plan);
  run.settings.checkpoints.account = account;
  for (auto& [place, known] : run.partitions)
    caf::anon_send(known.actor, checkpoints_begin{run.settings.checkpoints});
}

void local_runs::on_part(recovered_part part) {
  // What is not loaded before the rest is there must not keep that away.
  auto ticket = std::exchange(part.ticket, nullptr);
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
  auto place = part.place;
  run.recovering->on_part(std::move(part));
  if (is_loaded_early(run, place))
    load_early(run, place, std::move(ticket));
  restore_if_complete(run);
}

/// What goes back to a savepoint depends on all that the savepoint has.
bool local_runs::is_loaded_early(const local_run& run,
                                 const partition_place& place) const {
  auto& operators = run.graph->operators();
  return place.id < operators.size()
         && operators[place.id].kind == operator_kind::stateful
         && run.recovering->what().stable != run.plan.begins_after;
}

/// The slices that are here, while others are on their way. This actor has
/// other things to do meanwhile.
void local_runs::load_early(local_run& run, const partition_place& place,
                            arrival_window::ticket ticket) {
  auto slices = run.recovering->take_slices(place);
  if (slices.empty() || !run.problem.empty())
    return;
  auto& loading = run.loading[place];
  if (!loading.made) {
    auto& what = run.recovering->what();
    restoring restored{run.generation};
    restored.skipped = skipped_by(place.id, what.skipped);
    restored.shadow = run.plan.is_shadow(place);
    restored.loads = what.stable;
    try {
      loading.made = std::make_shared<made_partition>(
        make(run, place, restored, run.settings));
    } catch (const std::exception& error) {
      run.problem = error.what();
      run.loading.erase(place);
      return;
    }
    loading.loader = self_->spawn(
      partition_loader, loader_begin{run.plan.run, place, run.generation,
                                     run.graph->operators()[place.id].name,
                                     loading.made->body.logic, self_});
  }
  caf::anon_send(loading.loader,
                 arrived_slices{std::move(slices), std::move(ticket)});
}

void local_runs::on_loaded(const partition_loaded& loaded) {
  auto found = runs_.find(loaded.run);
  if (found == runs_.end() || found->second.generation != loaded.generation
      || found->second.loading.erase(loaded.place) == 0)
    return;
  auto& run = found->second;
  if (run.problem.empty())
    run.problem = loaded.error;
  restore_if_complete(run);
}

void local_runs::restore_if_complete(local_run& run) {
  auto& problem = run.problem;
  if (run.recovering) {
    if (problem.empty())
      problem = run.recovering->problem();
    if (problem.empty() && !run.recovering->is_complete())
      return;
    try {
      if (problem.empty() && !std::exchange(run.all_here, true))
        make_restored(run);
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (problem.empty() && !run.loading.empty())
      return;
    if (problem.empty()) {
      for (auto& each : std::exchange(run.made, {}))
        add(run, std::move(*each));
      route(run);
      run.recovering.reset();
    }
  }
  if (run.recovered)
    std::exchange(run.recovered, nullptr)(problem);
}

void local_runs::make_restored(local_run& run) {
  for (auto& found : run.recovering->take())
    make_restored(run, std::move(found));
}

void local_runs::make_restored(local_run& run,
                               local_recovery::restored_partition found) {
  auto& what = run.recovering->what();
  auto settings = run.settings;
  auto& name = run.graph->operators()[found.place.id].name;
  if (!found.cuts.empty()) {
    auto known = std::make_shared<recorded_cuts>();
    for (auto& [epoch, cuts] : found.cuts)
      known->add(name, epoch, cuts);
    settings.cuts.known = std::move(known);
  }
  auto kept = holders_of(run, found.place)
                .that_hold(found.held_by, found.place.id, [&](auto node) {
                  return run.plan.nodes[node].name;
                });
  auto held = slices_of(kept);
  std::shared_ptr<made_partition> made;
  auto loading = run.loading.find(found.place);
  // Or it is to begin with another copy than the one that is being loaded.
  if (loading != run.loading.end() && found.checkpoint->epoch != what.stable) {
    kill(loading->second.loader);
    run.loading.erase(loading);
    loading = run.loading.end();
  }
  if (loading != run.loading.end()) {
    made = loading->second.made;
    caf::anon_send(loading->second.loader,
                   loading_end{std::move(*found.checkpoint), std::move(held)});
  } else {
    auto* checkpoint = found.checkpoint ? &*found.checkpoint : nullptr;
    made = std::make_shared<made_partition>(
      make(run, found.place,
           {run.generation, checkpoint, what.goes_back,
            skipped_by(found.place.id, what.skipped),
            run.plan.is_shadow(found.place), std::move(held)},
           settings));
  }
  made->body.out->begin_with(std::move(kept));
  made->body.out->repeat_cuts(what.stable, found.cuts);
  run.made.push_back(std::move(made));
}

/// One that is not over.
void local_runs::forget_recovery(local_run& run) {
  for (auto& [place, loading] : run.loading)
    kill(loading.loader);
  run.loading.clear();
  run.made.clear();
  run.all_here = false;
  run.problem.clear();
}

/// Whoever handed its slices over, and successors that are not wanted any more.
void local_runs::drop_gone(local_run& run) const {
  std::erase_if(run.partitions, [&](auto& each) {
    auto gone = !run.plan.keeps(each.first);
    if (gone)
      kill(each.second.actor);
    return gone;
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
    else if (what.starts)
      caf::anon_send(known.actor, start_atom::value);
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

} // namespace braid
