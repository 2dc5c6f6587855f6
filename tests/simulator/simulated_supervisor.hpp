// The supervisor of a simulated run: finds the stable epoch and leads
// recoveries. What it hears and says takes its time. It may crash: the next one
// knows what it had decided, and asks for the rest.
#pragma once

#include "tests/simulator/simulated_node.hpp"

#include "actors/checkpoint_naming.hpp"
#include "actors/failed_attempts.hpp"

#include "checkpoint/stable_epoch.hpp"

#include <set>
#include <string>
#include <vector>

namespace braid::simulator {

class simulated_supervisor {
public:
  simulated_supervisor(simulated_world& world, assignment owners);

  /// What is written down before anybody is told.
  struct decisions {
    assignment owners;
    epoch_number stable = 0;
    std::set<node_index> alive;
    generation_number generation = 0;
    std::vector<incarnation_number> incarnations;
    /// All that were ever restored: who has gone on since is not answered here.
    std::set<partition_place> restoring;
    epoch_number named = 0;
    std::vector<skipped_tuple> skipped;
  };

  /// The next life of one that has crashed.
  simulated_supervisor(simulated_world& world, const decisions& written);

  decisions written() const;

  /// All nodes but those have come back to it. What was on those is lost, and
  /// so is what nodes no longer have.
  void on_back(const std::set<node_index>& gone,
               const std::set<partition_place>& missing);

  void receive(simulated_network::delivery what);

  /// A node is there that has nothing.
  void on_joined(node_index node);

  /// Asks sources for a checkpoint.
  void name_checkpoint();

  /// The same if somebody wishes for one, and it is time.
  void name_if_due();

  /// When to look whether it is.
  event_time next_look() const;

  /// The newest epoch that was named.
  epoch_number named() const {
    return newest_name_;
  }

  epoch_number stable() const {
    return stable_.value();
  }

  generation_number generation() const {
    return generation_;
  }

  /// The nodes that are counted on.
  const std::set<node_index>& alive() const {
    return alive_;
  }

  bool is_recovering() const {
    return !awaited_.empty();
  }

  /// Who runs where, by the latest recovery.
  const assignment& owners() const {
    return owners_;
  }

  /// The instance that counts.
  incarnation_number incarnation(const partition_place& place) const {
    return incarnations_[world_->number_of(place)];
  }

private:
  void send(node_index to, message what);
  checkpoint_naming::time now() const;
  bool all_have_ended() const;
  void recover(const std::set<partition_place>& lost);
  node_index pick_host();

  void on(node_index from, const checkpoint_report& what);
  void on(node_index from, const node_lost& what);
  void on(node_index from, const partition_failed& what);
  void on(node_index from, const recovery_answer& what);
  void on(node_index from, const naming_refused& what);
  void on(node_index from, const checkpoint_wish& what);

  simulated_world* world_;
  assignment owners_;
  stable_epoch stable_;
  failed_attempts attempts_;
  std::set<node_index> alive_;
  generation_number generation_ = 0;
  std::vector<incarnation_number> incarnations_;  ///< by partition
  std::set<partition_place> restoring_;           ///< until all have answered
  std::set<partition_place> started_;             ///< were restored
  std::set<node_index> awaited_;                  ///< have not answered yet
  std::map<partition_place, epoch_number> ended_; ///< with their last epoch
  epoch_number named_ = 0;                        ///< without a wish
  checkpoint_naming naming_;
  epoch_number newest_name_ = 0; ///< with a wish
};

} // namespace braid::simulator
