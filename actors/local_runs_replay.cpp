// The part of a node's runs that is about the memory of their replay buffers.
#include "actors/local_runs.hpp"
#include "actors/log.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace braid {

/// A quarter is for what is under way when sources stop.
void local_runs::limit_replay(std::uint64_t bytes) {
  account_ = std::make_shared<replay_account>(bytes, bytes / 4);
  // Weak: buffers may outlive the actor.
  caf::actor_addr home = self_->address();
  account_->on_room([home] {
    if (auto target = caf::actor_cast<caf::actor>(home))
      caf::anon_send(target, replay_room{});
  });
}

void local_runs::on_replay_room() {
  for (auto& [number, run] : runs_)
    for (auto& [place, known] : run.partitions)
      caf::anon_send(known.actor, replay_room{});
}

bool local_runs::on_wish(const checkpoint_wish& wish) {
  auto found = runs_.find(wish.run);
  return found != runs_.end() && !std::exchange(found->second.wished, true);
}

void local_runs::watch_replay(clock::time_point now) {
  auto full = account_ && !account_->may_add_data();
  auto news = replay_full_.look(full, now);
  if (news == full_watch::news::room_again)
    log("topology")->info("replay buffers have room again");
  if (!full)
    return;
  // An earlier wish may have got lost.
  for (auto& [number, run] : runs_) {
    epoch_number newest = 0;
    for (auto& [place, known] : run.partitions)
      if (known.load->replay_bytes > 0)
        newest = std::max<epoch_number>(newest, known.load->epoch);
    run.wished = false;
    if (newest > 0)
      tell_.wished({number, newest});
  }
  if (news == full_watch::news::full_for_long)
    warn_of_full_replay();
}

/// Names the edge that holds most.
void local_runs::warn_of_full_replay() const {
  std::uint64_t most = 0;
  std::string where;
  for (auto& [number, run] : runs_)
    for (auto& [place, known] : run.partitions)
      if (known.load->replay_bytes > most) {
        most = known.load->replay_bytes;
        auto& edge = run.graph->edges().at(known.load->replay_edge);
        auto& operators = run.graph->operators();
        where = run.plan.name + ", edge '" + operators[edge.from].name
                + "' -> '" + operators[edge.to].name + "', partition "
                + std::to_string(place.index);
      }
  log("topology")
    ->warn("replay buffers are full: {} bytes, of {} in "
           "checkpoints.replay_memory; sources hold data back until a "
           "checkpoint is stable. Most is held by {} ({} bytes). Raise "
           "checkpoints.replay_memory, or see why no checkpoint completes: "
           "the supervising node warns of one that is overdue or not kept",
           account_->held(), account_->limit(), where, most);
}

} // namespace braid
