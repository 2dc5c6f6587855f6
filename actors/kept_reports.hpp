// What a node has told the supervising one, for a later life of that.
#pragma once

#include "actors/messages.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace braid {

/// Keeps what a supervisor would have to know of the partitions here if it had
/// forgotten all but its decisions: which are done, and which checkpoints
/// beyond the stable epoch are backed up. Telling it twice does no harm. Pure.
class kept_reports {
public:
  void add(const partition_event& event) {
    auto& known = runs_[event.run].events[{event.id, event.partition}];
    if (event.generation >= known.generation)
      known = event;
  }

  void add(const checkpoint_report& report) {
    auto& known = runs_[report.run].checkpoints;
    std::erase_if(known, [&](auto& x) {
      return x.place == report.place
             && (x.generation < report.generation || x.epoch == report.epoch);
    });
    known.push_back(report);
  }

  /// Somebody has to hear of it once there is a supervisor again.
  void add(const link_report& report) {
    runs_[report.run].broken.push_back(report);
  }

  /// Nobody asks about checkpoints up to there, but for those of partitions
  /// that have ended: they count for every later epoch.
  void on_stable(const run_epoch& stable) {
    if (auto found = runs_.find(stable.run); found != runs_.end())
      std::erase_if(found->second.checkpoints, [&](auto& x) {
        return x.epoch <= stable.epoch && !x.ended;
      });
  }

  void forget(run_id run) {
    runs_.erase(run);
  }

  void forget_all() {
    runs_.clear();
  }

  struct of_run {
    std::map<partition_place, partition_event> events;
    std::vector<checkpoint_report> checkpoints;
    std::vector<link_report> broken;
  };

  const std::map<run_id, of_run>& all() const {
    return runs_;
  }

  /// What is broken has been told; it will be mended.
  void forget_broken() {
    for (auto& [number, run] : runs_)
      run.broken.clear();
  }

private:
  std::map<run_id, of_run> runs_;
};

} // namespace braid
